/* The first plan, and of the others the one that is chosen, in the viewer. */
(async () => {
  const byId = (id) => document.getElementById(id), root = document.documentElement;
  try {
    const { others, contours, ...data } = JSON.parse(byId("payload").textContent), blank = byId("viewer").cloneNode(true);
    const { unpack } = SbrtQa, hottest = data.places.filter((place) => !place.id);
    data.dose = await unpack.dose(data.dose);
    data.image = data.image ? await unpack.image(data.image) : null;
    data.structures = await unpack.contours(data.structures, contours);
    const show = async (other) => {
      const second = await SbrtQa.second(other), last = SbrtQa.state;
      byId("viewer").replaceWith(blank.cloneNode(true));
      const viewer = SbrtQa.view({ ...data, second, places: [...hottest, ...other.places] });
      const most = Math.max(...other.places.map((place) => Math.abs(place.dose)));
      viewer.state.parted = Math.max(Math.ceil(2 * most) / 2, 0.5);
      byId("wash").click();
      byId("lines").click();
      viewer.setMode(last?.mode ?? "diff");
      if (last) viewer.go(last.point);
    };
    const choice = byId("other-plan");
    others.forEach((other, i) => choice.add(new Option(other.option, i)));
    choice.addEventListener("change", () => {
      root.dataset.ready = "";
      show(others[Number(choice.value)]).then(() => { root.dataset.ready = "yes"; });
    });
    choice.parentElement.hidden = others.length < 2;
    await show(others[0]);
    root.dataset.ready = "yes";
  } catch (error) {
    const told = document.createElement("p");
    told.textContent = JSON.parse(byId("payload").textContent).labels.oldbrowser;
    byId("images").append(told);
    Object.assign(root.dataset, { ready: "failed", why: String(error) });
  }
})();
