"use strict";
(() => {
  const box = document.getElementById("filters");
  const told = JSON.parse(document.getElementById("views").textContent);
  const names = ["period", "project", "agent", "area"];
  const fields = names.map((name) => document.getElementById("filter-" + name));
  const said = document.getElementById("filter-said");
  const views = new Map(told.views.map((view, place) => [view[0].join(), [view, place]]));
  const states = ["unknown", "good", "bad"];
  const marks = ["", "✓ on target", "✕ off target"];

  const put = (card, name, text) => {
    for (const slot of card.querySelectorAll(`[data-slot="${name}"]`)) {
      slot.textContent = text;
      slot.hidden = text === "";
      if (name === "value") slot.closest(".value")?.classList.toggle("unknown", text === "unknown");
    }
  };

  const draw = (card, at) => {
    for (const line of card.querySelectorAll("svg.range")) {
      line.toggleAttribute("hidden", at.length === 0);
      if (at.length === 0) continue;
      const [low, value, high] = at.map((each) => (each / 1000) * Number(line.dataset.width));
      line.querySelector(".interval").setAttribute("x", low);
      line.querySelector(".interval").setAttribute("width", high - low);
      line.querySelector(".dot").setAttribute("cx", value);
      line.setAttribute("aria-label", line.dataset.name);
    }
  };

  const show = (figure, pointer, key) => {
    const [value, interval, n, state, note, ...at] = figure;
    for (const card of document.querySelectorAll(`[data-key="${key}"]`)) {
      card.classList.remove(...states);
      card.classList.add(states[state]);
      put(card, "value", told.words[value]);
      put(card, "interval", told.words[interval]);
      put(card, "n", n.toLocaleString("en"));
      put(card, "state", marks[state]);
      put(card, "note", told.words[note]);
      for (const slot of card.querySelectorAll("[data-figure]")) {
        slot.dataset.figure = pointer + slot.dataset.figure.slice(slot.dataset.figure.lastIndexOf("/"));
      }
      draw(card, at);
    }
  };

  const chosen = () => fields.map((field) => (field ? field.selectedIndex : 0));

  const apply = () => {
    const wanted = chosen();
    const [view, place] = views.get(wanted.join()) ?? [null, -1];
    document.body.classList.toggle("nothing", view === null);
    document.body.classList.toggle("filtered", wanted.some((each) => each > 0));
    if (view === null) {
      said.textContent = "No merge request is in this part, or it is not on the page.";
      return;
    }
    view[2].forEach((figure, index) => show(figure, `/views/views/${place}/figures/${index}`, told.keys[index]));
    const count = view[1] === 1 ? "1 merge request" : view[1].toLocaleString("en") + " merge requests";
    said.textContent = `Figures of ${count}.`;
  };

  const remember = () => {
    const hash = new URLSearchParams();
    fields.forEach((field, index) => {
      if (field && field.selectedIndex > 0) hash.set(names[index], field.value);
    });
    const text = hash.toString();
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
  };

  const recall = () => {
    const hash = new URLSearchParams(location.hash.slice(1));
    if (!names.some((name) => hash.has(name))) return;
    fields.forEach((field, index) => {
      if (!field) return;
      const place = [...field.options].findIndex((option) => option.value === hash.get(names[index]));
      field.selectedIndex = Math.max(place, 0);
    });
    apply();
  };

  for (const field of fields) {
    field?.addEventListener("change", () => {
      remember();
      apply();
    });
  }
  document.getElementById("filter-reset").addEventListener("click", () => {
    fields.forEach((field) => field && (field.selectedIndex = 0));
    remember();
    apply();
  });
  addEventListener("hashchange", recall);
  box.hidden = false;
  recall();
})();
