// Keeps a page live: listens to the stream, fetches the page anew when something changed and swaps what differs.
// Tells apart "this page lost the server" (no beat for 15 real seconds) and "the data stopped" (product time).
"use strict";
(() => {
  const LOST_MS = 15000, REFRESH_MS = 500, SPEAK_MS = 30000;
  const root = document.documentElement, facts = root.dataset;
  const zone = facts.zone;
  const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  const at = (text) => (text ? Date.parse(text) : null);
  const real = () => performance.now();
  let beat = {
    now: at(facts.now), newest: at(facts.newest), staleAfter: Number(facts.staleAfter),
    usualGap: facts.usualGap ? Number(facts.usualGap) : null, speed: Number(facts.speed), at: real(),
    unmeasured: Number(facts.unmeasured), undecided: "undecided" in facts,
  };
  let heard = real(), lostAt = null, staleFrom = null, refreshing = false, wanted = false, last = 0, spoken = -SPEAK_MS;

  let messages = facts.messages, troubles = facts.troubles;
  const W = root.lang === "de" ? {
    days: "Tage", lost: "Verbindung verloren", stale: "Veraltet", live: "Live", again: "neuer Versuch",
    first: "wartet auf das erste Ereignis", none: (age) => `kein Ereignis seit ${age}`, newest: (age) => `neuestes Ereignis vor ${age}`,
    lead: (since) => `Nichts hier ist neuer als ${since}.`, old: "Nichts hier ist aktuell.",
    rest: "Neuer Versuch läuft. Diese Seite hört nichts vom Server; die Zahlen bleiben, wie sie waren.",
    notConnected: "nicht verbunden seit", noData: "keine Daten seit", usual: (gap) => `Üblicher Abstand der Ereignisse: ${gap}. `,
    check: "Die Erkennung pausiert: Kein Alarm heißt nicht, dass alles gut ist. ", source: "Quelle prüfen.", process: "Den messenden Prozess prüfen.",
    unmeasured: (n) => `${n.toLocaleString("de")} Ereignisse warten im Log, und niemand misst sie. `, notMeasured: "nicht gemessen seit",
    paused: "Erkennung pausiert", undecided: "Die Zahlen sind aktuell, aber niemand entscheidet: Es kann kein Alarm kommen.",
    decide: "Einen Prozess starten, der entscheidet; `cxwatch doctor` sagt mehr.", back: (at, from) => `Wieder da um ${at}, Lücke ${from}..${at}`,
    incident: (place) => `Neuer Vorfall: ${place}`, overdue: (length) => `! ${length} überfällig`, left: (length) => `noch ${length}`,
    channels: "alle Kanäle", stages: "alle Phasen",
  } : {
    days: "days", lost: "Connection lost", stale: "Stale", live: "Live", again: "trying again",
    first: "waiting for the first event", none: (age) => `no event for ${age}`, newest: (age) => `newest event ${age} ago`,
    lead: (since) => `Nothing below is newer than ${since}.`, old: "Nothing below is current.",
    rest: "Trying again. This page does not hear from the server; the numbers stay as they were.",
    notConnected: "not connected for", noData: "no data for", usual: (gap) => `Usual gap between events: ${gap}. `,
    check: "Detection is paused: no alert does not mean that all is well. ", source: "Check the source.", process: "Check the process that measures.",
    unmeasured: (n) => `${n.toLocaleString("en")} events wait in the log, and nobody measures them. `, notMeasured: "not measured for",
    paused: "Detection paused", undecided: "Numbers are live, but nobody decides: no alert can come.",
    decide: "Start a process that decides; `cxwatch doctor` says more.", back: (at, from) => `Back at ${at}, gap ${from}..${at}`,
    incident: (place) => `New incident: ${place}`, overdue: (length) => `! overdue ${length}`, left: (length) => `${length} left`,
    channels: "all channels", stages: "all stages",
  };

  const productNow = () => beat.now + (real() - beat.at) * beat.speed;
  const clock = (ms) => clockFormat.format(new Date(ms));
  const byId = (id) => document.getElementById(id);
  const say = (id, text) => { const node = byId(id); if (node && node.textContent !== text) node.textContent = text; };

  function duration(ms) {
    const s = Math.max(0, Math.floor(ms / 1000)), min = Math.floor(s / 60), h = Math.floor(min / 60);
    if (s < 60) return `${s} s`;
    if (min < 60) return `${min} min`;
    if (h < 48) return `${h} h` + (min % 60 ? ` ${String(min % 60).padStart(2, "0")} min` : "");
    return `${Math.floor(h / 24)} ${W.days}`;
  }

  function show(state) {
    root.classList.toggle("stale", state === "stale");
    root.classList.toggle("lost", state === "lost");
    root.classList.toggle("undecided", state !== "stale" && state !== "lost" && beat.undecided);
    byId("state").className = `state ${state}`;
    byId("banner").hidden = state !== "stale" && state !== "lost" && !beat.undecided;
    byId("banner-side").hidden = state !== "stale" && state !== "lost";
  }

  function tick() {
    const lost = real() - heard > LOST_MS, now = productNow();
    const age = beat.newest === null ? null : Math.max(0, now - beat.newest);
    const stale = age !== null && age > beat.staleAfter;
    if (lost && lostAt === null) lostAt = beat.now + (heard - beat.at) * beat.speed;
    if (stale && staleFrom === null) staleFrom = beat.newest;
    show(lost ? "lost" : stale ? "stale" : age === null ? "waiting" : "live");
    const since = beat.newest === null ? "" : clock(beat.newest);
    for (const node of document.querySelectorAll("[data-asof]")) {
      if (node.textContent !== since) node.textContent = since;
    }
    const waiting = age === null;
    say("state-word", lost ? W.lost : stale ? W.stale : waiting ? "" : W.live);
    say("state-text", lost ? W.again : waiting ? W.first : stale ? W.none(duration(age)) : W.newest(duration(age)));
    if (lost) {
      say("banner-title", W.lost);
      say("banner-lead", since ? W.lead(since) : W.old);
      say("banner-rest", W.rest);
      say("banner-label", W.notConnected);
      say("banner-for", duration(real() - heard));
    } else if (stale) {
      say("banner-title", W.stale);
      say("banner-lead", W.lead(since));
      const usual = beat.usualGap === null ? "" : W.usual(duration(beat.usualGap)), held = beat.unmeasured > 0;
      say("banner-rest", (held ? W.unmeasured(beat.unmeasured) : usual) + W.check + (held ? W.process : W.source));
      say("banner-label", held ? W.notMeasured : W.noData);
      say("banner-for", duration(age));
    } else if (beat.undecided) {
      say("banner-title", W.paused);
      say("banner-lead", W.undecided);
      say("banner-rest", W.decide);
    }
    for (const node of document.querySelectorAll("[data-since]")) {
      const text = duration(now - Number(node.dataset.since));
      if (node.textContent !== text) node.textContent = text;
    }
    for (const node of document.querySelectorAll("[data-due]")) {
      const left = Number(node.dataset.due) - now, length = duration(Math.abs(left));
      const text = left < 0 ? W.overdue(length) : W.left(length);
      if (node.textContent !== text) node.textContent = text;
      node.className = `due ${left < 0 ? "overdue" : left < 3600000 ? "soon" : "later"}`;
    }
  }

  function back(from, to) {
    const node = byId("back");
    node.textContent = W.back(clock(to), clock(from));
    node.hidden = false;
  }

  function hear() {
    heard = real();
    if (lostAt !== null) { back(lostAt, productNow()); lostAt = null; refresh(); }
  }

  function onBeat(event) {
    const data = JSON.parse(event.data);
    beat = {
      now: at(data.now), newest: at(data.newest), staleAfter: data.stale_after_seconds * 1000,
      usualGap: data.usual_gap_seconds === null ? null : data.usual_gap_seconds * 1000, speed: data.speed, at: real(),
      unmeasured: data.unmeasured, undecided: data.undecided,
    };
    hear();
    if (data.messages !== messages || data.troubles !== troubles) { messages = data.messages; troubles = data.troubles; refresh(); }
    if (staleFrom !== null && data.state === "live") { back(staleFrom, beat.now); staleFrom = null; refresh(); }
    tick();
  }

  function swap(fresh) {
    const ids = (doc) => [...doc.querySelectorAll("[data-live]")].map((node) => node.id).join(" ");
    hold(fresh);
    if (ids(document) !== ids(fresh)) {
      if (typing() || document.querySelector("[data-held]")) return;  // an open form is never overwritten
      document.querySelector("main").replaceChildren(...fresh.querySelector("main").childNodes);
      for (const id of ["count-incidents", "count-queue", "troubles"]) byId(id)?.replaceWith(fresh.getElementById(id));
      return;
    }
    for (const node of fresh.querySelectorAll("[data-live]")) {
      const old = byId(node.id);
      const held = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      if (strip(old) === strip(node) || typing(old)) continue;
      node.classList.add("fresh");
      const opened = [...old.querySelectorAll("details")].map((one) => one.open);
      [...node.querySelectorAll("details")].forEach((one, place) => { if (opened[place]) one.open = true; });
      old.replaceWith(node);
      if (held) [...node.querySelectorAll("a")].find((link) => link.getAttribute("href") === held)?.focus();
    }
  }

  // Lists that people work in never jump: what changed waits behind one line.
  let waiting = null;
  function hold(fresh) {
    const old = document.querySelector("[data-held]"), next = old && fresh.getElementById(old.id);
    if (!next) return;
    const seen = new Map([...old.querySelectorAll("[data-row]")].map((row) => [row.dataset.row, row.dataset.version]));
    const rows = [...next.querySelectorAll("[data-row]")];
    const added = rows.filter((row) => !seen.has(row.dataset.row)).length;
    const gone = [...seen.keys()].filter((id) => !next.querySelector(`[data-row="${id}"]`)).length;
    const changed = gone + rows.filter((row) => seen.has(row.dataset.row) && seen.get(row.dataset.row) !== row.dataset.version).length;
    document.getElementById("new-cases")?.remove();
    waiting = added + changed ? next : null;
    if (!waiting) return;
    const line = document.createElement("p"), button = document.createElement("button"), facts = old.dataset;
    const said = added ? [(added === 1 ? facts.newOne : facts.newMany).replace("{n}", added)] : [];
    if (changed) said.push(facts.changed.replace("{n}", changed));
    line.id = "new-cases";
    line.className = "new-cases";
    line.setAttribute("role", "status");
    button.type = "button";
    button.id = "show-new";
    button.textContent = `${facts.show} (n)`;
    button.addEventListener("click", () => { old.replaceWith(waiting); waiting = null; tick(); });
    line.append(`${said.join(", ")} · `, button);
    old.prepend(line);
  }

  function typing(within = document.querySelector("main")) {
    return [...within.querySelectorAll("input, textarea")].some((field) =>
      field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked
        : field.type !== "hidden" && field.value !== field.defaultValue);
  }

  function strip(node) {  // what ticks by itself, or was only faded, is no difference
    const copy = node.cloneNode(true);
    copy.classList.remove("fresh");
    if (!copy.classList.length) copy.removeAttribute("class");
    for (const inner of copy.querySelectorAll("[data-since], [data-asof], [data-due]")) { inner.textContent = ""; inner.removeAttribute("class"); }
    for (const inner of copy.querySelectorAll("details")) inner.removeAttribute("open");
    return copy.outerHTML;
  }

  async function refresh() {
    if (refreshing || document.hidden) { wanted = true; return; }
    refreshing = true;
    const rest = last + REFRESH_MS - real();
    if (rest > 0) await new Promise((done) => setTimeout(done, rest));
    wanted = false;
    last = real();
    try {
      const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        document.title = fresh.title;
        const told = fresh.documentElement.dataset;
        if (told.newest) beat.newest = Math.max(beat.newest ?? 0, at(told.newest));
        swap(fresh);
        tick();
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;  // the network: the stream will tell when it is back
    }
    refreshing = false;
    if (wanted) refresh();
  }

  function announce(event) {
    const data = JSON.parse(event.data);
    if (data.state !== "firing" || data.spam || real() - spoken < SPEAK_MS) return;
    spoken = real();
    const place = `${data.segment.channel ?? W.channels} · ${data.segment.stage ?? W.stages}`;
    say("announce", W.incident(place));
  }

  function connect() {
    const source = new EventSource(facts.stream);
    source.addEventListener("beat", onBeat);
    for (const name of ["window", "incident", "case"]) {
      source.addEventListener(name, () => { hear(); refresh(); });
    }
    source.addEventListener("incident", announce);
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;  // the browser tries again by itself
      setTimeout(connect, 5000);
    };
  }

  connect();
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && wanted) refresh(); });
})();
