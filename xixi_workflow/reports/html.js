// Shows the petitions behind a figure. What `data` holds is said in html_facts.py.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("petitions").textContent);
  const words = data.words;
  const panel = document.getElementById("panel");
  const body = panel.querySelector("[data-body]");

  // Petitions counted under `terms` (a name's place + 1, negative where it takes away) and how often.
  function counted(kind, code, terms) {
    const signs = new Map(terms.map((term) => [Math.abs(term) - 1, Math.sign(term)]));
    const team = kind === "team" ? data.teams.indexOf(code) : null;
    const hits = data.profiles.map((profile) => {
      const found = [];
      for (let i = 0; i < profile.length; i += 4) {
        const sign = signs.get(profile[i]);
        if (sign && (team === null || profile[i + 1] === team)) found.push([sign * profile[i + 2], profile[i + 3]]);
      }
      return found;
    });
    const bit = { category: 1, group: 1, community: 2, source: 4 }[kind] || 0;
    const inside = data.places.map(([category, community, source]) => {
      if (kind === "category") return data.categories[category] === code;
      if (kind === "group") return data.groups[category] === code;
      if (kind === "community") return data.communities[community] === code;
      return kind === "source" ? data.sources[source] === code : true;
    });
    const found = new Map();
    let number = 0;
    data.numbers.forEach((step, row) => {
      number += step;
      if (!inside[data.place[row]]) return;
      for (const [n, told] of hits[data.profile[row]]) {
        if ((told & bit) === bit) found.set(number, (found.get(number) || 0) + n);
      }
    });
    for (const [no, n] of found) if (n <= 0) found.delete(no);
    return found;
  }

  // Lists to be shown for a figure: [heading, petitions].
  function lists(index) {
    const [kind, code, whole, part, rest] = data.figures[index];
    const all = whole && counted(kind, code, whole);
    if (!part) return [[rest ? words.rest : words.cases, all]];
    const top = counted(kind, code, part);
    if (!all) return [[words.numerator, top]];
    const within = [...top].every(([no, n]) => n <= (all.get(no) || 0));
    if (!within) return [[words.numerator, top], [words.denominator, all]];
    const others = new Map([...all].map(([no, n]) => [no, n - (top.get(no) || 0)]).filter(([, n]) => n > 0));
    return [[words.numerator, top], [words.rest, others]];
  }

  function element(name, text, properties = {}) {
    const made = Object.assign(document.createElement(name), properties);
    made.textContent = text;
    return made;
  }

  function copy(list, button) {
    const done = () => { button.textContent = words.copied; };
    const byHand = () => {
      getSelection().selectAllChildren(list);
      if (document.execCommand("copy")) done();
    };
    if (!navigator.clipboard) return byHand();
    navigator.clipboard.writeText(list.textContent).then(done, byHand);
  }

  function section(heading, petitions) {
    const part = document.createElement("section");
    const cases = [...petitions.values()].reduce((sum, n) => sum + n, 0);
    const shown = words.count.replace("{cases}", cases).replace("{petitions}", petitions.size);
    part.append(element("h3", `${heading} ${shown}`));
    if (!petitions.size) {
      part.append(element("p", words.none));
      return part;
    }
    const lines = [...petitions].map(([no, n]) => (n > 1 ? `${no} ×${n}` : `${no}`));
    const list = element("pre", lines.join("\n"), { tabIndex: 0 });
    const button = element("button", words.copy, { type: "button", className: "plain" });
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", () => copy(list, button));
    part.append(button, list);
    return part;
  }

  // Which figure it is, from the table or the sentence around it.
  function about(figure) {
    const cell = figure.closest("td");
    if (!cell) return figure.dataset.path || "";
    const head = cell.closest("table").rows[0].cells[cell.cellIndex].textContent;
    return `${cell.parentElement.cells[0].textContent} · ${head}`;
  }

  document.addEventListener("click", (event) => {
    const figure = event.target.closest("[data-behind]");
    if (figure) {
      event.preventDefault();
      panel.querySelector("[data-figure]").textContent = figure.textContent;
      panel.querySelector("[data-about]").textContent = about(figure);
      const wanted = figure.dataset.behind;
      const shown = wanted === "" ? [element("p", words.elsewhere)] : lists(wanted).map((one) => section(...one));
      body.replaceChildren(...shown);
      panel.showModal();
    } else if (event.target === panel || event.target.closest("[data-close]")) {
      panel.close();
    }
  });
})();
