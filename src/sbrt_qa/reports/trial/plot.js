/* Plots as SVG, in the colours of the page: axes, lines, bands and marks, and what reads them out. */
(() => {
  const { say, make } = Trial;
  const WIDTH = 640, HEIGHT = 300, LEFT = 50, RIGHT = 16, TOP = 12, BOTTOM = 42;
  const MARKS = {
    plain: (x, y) => `M${x - 3.4} ${y}a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0Z`,
    watch: (x, y) => `M${x} ${y - 6}l6 6l-6 6l-6 -6Z`,
    alarm: (x, y) => `M${x - 5} ${y - 5}h10v10h-10Z`,
  };

  const nice = (low, high, most) => {
    const rough = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough);
    const ticks = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) ticks.push(Number((n * step).toPrecision(12)));
    return ticks;
  };

  class Plot {
    /* `x` and `y`: low, high, label, and where wanted ticks as [value, text]. */
    constructor(alt, x, y) {
      [this.xs, this.ys] = [x, y];
      this.svg = this.add(null, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": alt });
      this.taken = [];
      this.axes();
    }
    add(parent, name, attributes, text) {
      const node = document.createElementNS(Trial.byId("sign").namespaceURI, name);
      Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
      if (text !== undefined) node.textContent = text;
      if (parent) parent.append(node);
      return node;
    }
    x(value) { return LEFT + (WIDTH - LEFT - RIGHT) * (value - this.xs.low) / (this.xs.high - this.xs.low || 1); }
    y(value) { return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - this.ys.low) / (this.ys.high - this.ys.low || 1); }
    axes() {
      const [bottom, right] = [HEIGHT - BOTTOM, WIDTH - RIGHT];
      const ticks = (axis, most) => axis.ticks ?? nice(axis.low, axis.high, most).map((v) => [v, String(v)]);
      ticks(this.xs, 8).forEach(([v, text]) => {
        const x = this.x(v);
        this.add(this.svg, "path", { d: `M${x} ${bottom}V${TOP}`, class: "grid" });
        this.add(this.svg, "text", { x, y: bottom + 15, "text-anchor": x > right - 30 ? "end" : x < LEFT + 30 && text.length > 3 ? "start" : "middle" }, text);
      });
      ticks(this.ys, 5).forEach(([v, text]) => {
        const y = this.y(v);
        this.add(this.svg, "path", { d: `M${LEFT} ${y}H${right}`, class: "grid" });
        this.add(this.svg, "text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, text);
      });
      this.add(this.svg, "path", { d: `M${LEFT} ${TOP}V${bottom}H${right}`, class: "axis" });
      this.add(this.svg, "text", { x: (LEFT + right) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, this.xs.label);
      this.add(this.svg, "text", { transform: `translate(12 ${(TOP + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, this.ys.label);
    }
    places(points) { return points.map(([x, y]) => `${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`); }
    line(points, kind) {
      if (points.length) this.add(this.svg, "path", { d: "M" + this.places(points).join("L"), class: "line " + kind });
    }
    band(xs, lows, highs, kind) {
      const there = this.places(xs.map((x, i) => [x, highs[i]]));
      const back = this.places(xs.map((x, i) => [x, lows[i]])).reverse();
      this.add(this.svg, "path", { d: "M" + [...there, ...back].join("L") + "Z", class: "area " + kind });
    }
    /* Many small points as one path: thousands of them cost one element. */
    dots(points) {
      if (points.length) this.add(this.svg, "path", { d: this.places(points).map((p) => `M${p}h0`).join(""), class: "dots" });
    }
    mark(x, y, signal) {
      this.add(this.svg, "path", { d: MARKS[signal || "plain"](this.x(x), this.y(y)), class: "mark " + (signal || "plain") });
      this.taken.push([this.x(x) - 6, this.y(y) - 6, 12, 12]);
    }
    /* A name beside a point, where nothing else stands; left out where there is no room. */
    name(x, y, text) {
      const [px, py, wide] = [this.x(x), this.y(y), 7.2 * [...text].length];
      const tries = [[9, 4], [-9 - wide, 4], [-wide / 2, -10], [-wide / 2, 19], [9, -9], [9, 17], [-9 - wide, -9], [-9 - wide, 17]];
      const free = tries.map(([dx, dy]) => [px + dx, py + dy - 10, wide, 12]).find(([a, b, w, h]) =>
        a > LEFT && a + w < WIDTH && b > 0 && b + h < HEIGHT - BOTTOM &&
        !this.taken.some(([c, d, v, u]) => a < c + v && c < a + w && b < d + u && d < b + h));
      if (!free) return;
      this.taken.push(free);
      this.add(this.svg, "text", { x: free[0], y: free[1] + 10, class: "name" }, text);
    }
    text(x, y, text, up = 0) { this.add(this.svg, "text", { x: this.x(x), y: this.y(y) - up, class: "name" }, text); }
  }

  /* Let mouse and arrow keys go from point to point; Enter chooses the submission of a point. */
  const readable = (box, plot, points, told) => {
    if (!points.length) return;
    const cursor = plot.add(plot.svg, "circle", { r: 8, class: "cursor", visibility: "hidden" });
    let at = -1;
    const show = (index) => {
      at = index;
      const one = points[at];
      cursor.setAttribute("cx", plot.x(one.x));
      cursor.setAttribute("cy", plot.y(one.y));
      cursor.setAttribute("visibility", "visible");
      told.textContent = one.text;
    };
    const nearest = (event) => {
      const frame = plot.svg.getBoundingClientRect(), scale = WIDTH / frame.width;
      const [x, y] = [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
      let best = 0, least = Infinity;
      points.forEach((one, i) => {
        const far = (plot.x(one.x) - x) ** 2 + (one.line ? 0 : (plot.y(one.y) - y) ** 2);
        if (far < least) [best, least] = [i, far];
      });
      show(best);
    };
    const choose = () => { if (at >= 0 && points[at].code) Trial.choose(points[at].code); };
    box.addEventListener("mousemove", nearest);
    box.addEventListener("click", choose);
    box.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: points.length - 1 }[event.key];
      if (to !== undefined) {
        event.preventDefault();
        show(Math.min(Math.max(to, 0), points.length - 1));
      } else if (event.key === "Enter") choose();
    });
  };

  /* Draw a figure: plot, what the signs mean, what a point says, and the same as a table. */
  Trial.draw = (place, { plot, key, points = [], heads, rows, right }) => {
    const box = make("div", null, "plot");
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", plot.svg.getAttribute("aria-label") + " " + say("The arrow keys read the points."));
    box.append(plot.svg);
    const told = make("p", say("Point at the plot, or use the arrow keys."), "read");
    told.setAttribute("role", "status");
    readable(box, plot, points, told);
    const twin = make("details");
    twin.append(make("summary", say("The same as a table")));
    twin.addEventListener("toggle", () => { if (twin.open && twin.children.length < 2) twin.append(Trial.table(heads, rows(), right)); });
    place.replaceChildren(box, make("p", key, "small"), told, twin);
  };
  Trial.Plot = Plot;
})();
