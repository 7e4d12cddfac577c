/* The pointer and the keys of the viewer. */
(() => {
  const { PLANES } = SbrtQa;
  const INDEX = { x: 0, y: 1, z: 2 };
  const TOOLS = ["point", "pan", "window", "ruler"];
  const byId = (id) => document.getElementById(id);

  SbrtQa.pointer = (viewer) => {
    const { state, views, redraw } = viewer;
    const uv = (name, event) => {
      const view = views[name], box = view.canvas.getBoundingClientRect();
      return [view.frame.fromX(event.clientX - box.left), view.frame.fromY(event.clientY - box.top)];
    };
    const pointAt = (name, event) => PLANES[name].point(...uv(name, event), state.point[INDEX[PLANES[name].w]]);
    const toolOf = (event) => (event.button === 2 ? "window" : event.button === 1 || event.shiftKey ? "pan" : state.tool);
    for (const [name, view] of Object.entries(views)) {
      const { canvas } = view;
      let drag = null;
      canvas.addEventListener("contextmenu", (event) => event.preventDefault());
      canvas.addEventListener("pointerdown", (event) => {
        if (!view.frame || event.button > 2) return;
        viewer.last = name;
        const tool = toolOf(event), start = uv(name, event);
        drag = { tool, x: event.clientX, y: event.clientY, window: state.window, level: state.level, cu: view.cu, cv: view.cv, scale: view.frame.scale };
        canvas.setPointerCapture(event.pointerId);
        if (tool === "point") viewer.go(pointAt(name, event));
        if (tool === "ruler") { drag.start = start; viewer.measure(name, start, start); }
        if (event.button !== 0) event.preventDefault();
      });
      canvas.addEventListener("pointermove", (event) => {
        if (!view.frame) return;
        if (!drag) { viewer.tell(pointAt(name, event), name); return; }
        const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
        if (drag.tool === "point") viewer.go(pointAt(name, event));
        if (drag.tool === "window") viewer.setWindow(drag.window + 2 * dx, drag.level + 2 * dy);
        if (drag.tool === "pan") {
          view.cu = drag.cu - dx / drag.scale; view.cv = drag.cv - ((PLANES[name].up ? -1 : 1) * dy) / drag.scale;
          redraw();
        }
        if (drag.tool === "ruler") viewer.measure(name, drag.start, uv(name, event));
        viewer.tell(pointAt(name, event), name);
      });
      for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => { drag = null; });
      canvas.addEventListener("pointerleave", () => { if (!drag) viewer.tell(state.point); });
      canvas.addEventListener("wheel", (event) => {
        event.preventDefault();
        viewer.last = name;
        if (event.ctrlKey) viewer.zoom(name, event.deltaY > 0 ? 0.8 : 1.25, uv(name, event));
        else viewer.scroll(name, event.deltaY > 0 ? -1 : 1);
      }, { passive: false });
      canvas.addEventListener("focus", () => { viewer.last = name; });
    }
  };

  SbrtQa.keysOf = (viewer) => {
    const { state, data } = viewer, dialog = byId("viewer-keys");
    const tool = (name) => { state.tool = name; document.querySelectorAll('input[name="tool"]').forEach((box) => { box.checked = box.value === name; }); };
    document.querySelectorAll('input[name="tool"]').forEach((box) => box.addEventListener("change", () => tool(box.value)));
    const shown = () => { if (!dialog.open) dialog.showModal(); };
    byId("show-viewer-keys").addEventListener("click", shown);
    byId("viewer-keys-close").addEventListener("click", () => dialog.close());

    const step = (by) => viewer.scroll(viewer.last, by);
    const move = (du, dv, far) => {
      const plane = PLANES[viewer.last], point = [...state.point], by = far ? 10 : 1;
      point[INDEX[plane.u]] += du * by; point[INDEX[plane.v]] += (plane.up ? -dv : dv) * by;
      viewer.go(point);
    };
    const pan = (du, dv) => {
      const view = viewer.views[viewer.last], wide = view.frame.box.u1 - view.frame.box.u0;
      view.cu += (du * wide) / 10; view.cv += ((PLANES[viewer.last].up ? -dv : dv) * wide) / 10;
      viewer.redraw();
    };
    const place = (by) => {
      const count = data.places.length, at = Number(byId("jump").value);
      if (count) viewer.jumpTo((at + by + count) % count);
    };
    const press = (id) => byId(id).click();
    const ACTIONS = {
      ArrowUp: (e) => (e.shiftKey ? pan(0, -1) : step(1)), ArrowDown: (e) => (e.shiftKey ? pan(0, 1) : step(-1)),
      ArrowLeft: (e) => (e.shiftKey ? pan(-1, 0) : move(-1, 0)), ArrowRight: (e) => (e.shiftKey ? pan(1, 0) : move(1, 0)),
      PageUp: () => step(5), PageDown: () => step(-5), Home: () => step(-1e6), End: () => step(1e6),
      i: () => move(0, -1), k: () => move(0, 1), j: () => move(-1, 0), l: () => move(1, 0),
      I: () => move(0, -1, true), K: () => move(0, 1, true), J: () => move(-1, 0, true), L: () => move(1, 0, true),
      "+": () => viewer.zoom(viewer.last, 1.25), "=": () => viewer.zoom(viewer.last, 1.25), "-": () => viewer.zoom(viewer.last, 0.8), 0: () => viewer.whole(),
      a: () => viewer.setWindow(state.window - 20, state.level), d: () => viewer.setWindow(state.window + 20, state.level),
      q: () => viewer.setWindow(state.window, state.level - 10), e: () => viewer.setWindow(state.window, state.level + 10),
      1: () => viewer.preset(0), 2: () => viewer.preset(1), 3: () => viewer.preset(2), 4: () => viewer.preset(3),
      n: () => place(1), p: () => place(-1), h: () => viewer.jumpTo(data.places.findIndex((one) => !one.id)),
      s: () => byId("structure-find").focus(), c: () => viewer.nextCentre(1), C: () => viewer.nextCentre(-1),
      w: () => press("wash"), f: () => press("lines"), g: () => byId("isodose-new").focus(),
      r: () => viewer.rulerKey(), t: () => tool(TOOLS[(TOOLS.indexOf(state.tool) + 1) % TOOLS.length]),
      v: () => viewer.nextView(), x: () => viewer.nextMode(), "?": shown,
      Escape: () => viewer.clear(),
    };
    byId("viewer").addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || dialog.open) return;
      const writes = event.target.matches("input:not([type=radio], [type=checkbox]), select, textarea");
      const arrows = event.key.startsWith("Arrow") && event.target.matches("input, select");
      const scrolls = event.target.matches(".scroll") && /^(Arrow|Page|Home|End)/.test(event.key);
      if (writes && event.key === "Escape") { event.target.blur(); viewer.focus(); event.preventDefault(); event.stopPropagation(); return; }
      if (writes || arrows || scrolls || !Object.hasOwn(ACTIONS, event.key)) return;
      ACTIONS[event.key](event);
      event.preventDefault(); event.stopPropagation();
    });
  };
})();
