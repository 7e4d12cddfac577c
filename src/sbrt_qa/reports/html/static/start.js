/* What the page of a case does once it is read. */
(async () => {
  try {
    const data = await SbrtQa.load();
    SbrtQa.histograms(data);
    SbrtQa.view(data);
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    const labels = JSON.parse(document.getElementById("payload").textContent).labels;
    for (const id of ["dvh", "images"]) {
      const told = document.createElement("p");
      told.textContent = labels.oldbrowser;
      document.getElementById(id)?.append(told);
    }
    document.documentElement.dataset.ready = "failed";
    document.documentElement.dataset.why = String(error);
  }
})();
