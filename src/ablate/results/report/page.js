"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const reveal = (...ids) => ids.forEach((id) => { if (byId(id)) byId(id).hidden = false; });

  // Theme: what the system says, until the reader says otherwise.
  const themes = ["automatic", "light", "dark"];
  const remembered = () => { try { return localStorage.getItem("ablate-theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("ablate-theme", theme); } catch { /* private window */ } };
  const wear = (theme) => {
    if (theme === "automatic") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    byId("theme").textContent = "Theme: " + theme;
    byId("theme").dataset.now = theme;
  };
  wear(themes.includes(remembered()) ? remembered() : "automatic");
  byId("theme").addEventListener("click", () => {
    const next = themes[(themes.indexOf(byId("theme").dataset.now) + 1) % themes.length];
    wear(next);
    remember(next);
  });

  // Numbers by size, text by alphabet; what is missing comes last whichever way it is sorted.
  const compare = (a, b, sign) => {
    const missing = (v) => v === null || v === "";
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return sign * String(a).localeCompare(String(b), "en", { numeric: true });
    return sign * (x < y ? -1 : x > y ? 1 : 0);
  };

  // Heads become buttons; `order(column, sign)` is called with the way that was asked for.
  const sortable = (table, order) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = head.dataset.falls === "1" ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const way = head.getAttribute("aria-sort") === first ? other : first;
        heads.forEach((h) => h.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", way);
        order(column, way === "ascending" ? 1 : -1);
      });
    });
  };

  // The board: all rows are in the page, and are moved or hidden.
  const board = byId("board-table");
  const rows = [...board.tBodies[0].rows].filter((row) => row.dataset.name);
  const titles = () => board.classList.toggle("moved", Boolean(board.tHead.querySelector("[aria-sort]")) || rows.some((row) => row.hidden));
  const sift = () => {
    const [group, tag, text] = ["group", "tag", "find"].map((id) => byId(id).value.trim().toLowerCase());
    rows.forEach((row) => {
      const tags = row.dataset.tags.toLowerCase().split("|");
      row.hidden = !((!group || row.dataset.group.toLowerCase() === group) && (!tag || tags.includes(tag)) &&
        row.dataset.name.toLowerCase().includes(text));
    });
    const left = rows.filter((row) => !row.hidden).length;
    byId("board-status").textContent = left === rows.length ? rows.length + " rows" : left + " of " + rows.length + " rows";
    titles();
  };
  sortable(board, (column, sign) => {
    const value = (row) => row.cells[column].dataset.value;
    board.tBodies[0].append(...[...rows].sort((a, b) => compare(value(a), value(b), sign)));
    titles();
  });
  ["group", "tag"].forEach((id) => byId(id).addEventListener("change", sift));
  byId("find").addEventListener("input", sift);
  sift();
  reveal("theme", "board-tools");

  // The labels: kept as JSON, and drawn a page at a time.
  const kept = JSON.parse(byId("labels-json").textContent);
  if (!kept.strategies.length) return;
  const table = byId("labels-table");
  const STEP = 50;
  const state = { one: 0, two: Math.min(1, kept.strategies.length - 1), text: "", column: null, sign: 1, shown: STEP };
  const tenths = (v) => (v === null ? "-" : (v / 10).toFixed(1));
  const signed = (v) => (v === null ? "-" : (v > 0 ? "+" : "") + (v / 10).toFixed(1));
  const change = (i) => {
    const [a, b] = [kept.strategies[state.one].recall[i], kept.strategies[state.two].recall[i]];
    return a === null || b === null ? null : a - b;
  };
  const columns = [
    (i) => kept.labels[i], (i) => kept.train[i], (i) => kept.test[i], (i) => kept.strategies[state.one].recall[i],
    (i) => kept.strategies[state.one].alarms[i], (i) => kept.strategies[state.two].recall[i], change,
  ];
  const cells = (i) => {
    const one = kept.strategies[state.one];
    const recall = one.recall[i] === null ? "-" : tenths(one.recall[i]) + " [" + tenths(one.low[i]) + " " + tenths(one.high[i]) + "]";
    return [kept.labels[i], kept.train[i].toLocaleString("en"), kept.test[i].toLocaleString("en"), recall,
      tenths(one.alarms[i]), tenths(kept.strategies[state.two].recall[i]), signed(change(i))];
  };
  const draw = () => {
    let found = kept.labels.map((_, i) => i);
    if (state.text) found = found.filter((i) => kept.labels[i].toLowerCase().includes(state.text));
    if (state.column !== null) found.sort((a, b) => compare(columns[state.column](a), columns[state.column](b), state.sign));
    const part = found.slice(0, state.shown);
    table.tBodies[0].replaceChildren(...part.map((i) => {
      const row = document.createElement("tr");
      cells(i).forEach((text, column) => {
        const cell = document.createElement(column ? "td" : "th");
        if (!column) cell.scope = "row";
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    }));
    const all = found.length === kept.labels.length ? "" : " found among " + kept.labels.length;
    byId("labels-status").textContent = part.length + " of " + found.length + " labels" + all;
    byId("labels-more").hidden = part.length === found.length;
    table.querySelector(".one").textContent = kept.strategies[state.one].name;
    table.querySelector(".two").textContent = kept.strategies[state.two].name;
  };
  const again = (changes) => { Object.assign(state, { shown: STEP }, changes); draw(); };
  ["one", "two"].forEach((id) => {
    byId(id).append(...kept.strategies.map((strategy, i) => new Option(strategy.name, String(i), false, i === state[id])));
    byId(id).addEventListener("change", () => again({ [id]: Number(byId(id).value) }));
  });
  byId("label-find").addEventListener("input", () => again({ text: byId("label-find").value.trim().toLowerCase() }));
  byId("labels-more").addEventListener("click", () => again({ shown: state.shown + 4 * STEP }));
  sortable(table, (column, sign) => again({ column, sign }));
  draw();
  reveal("labels-tools");
})();
