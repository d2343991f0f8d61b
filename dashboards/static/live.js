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
  };
  let heard = real(), lostAt = null, staleFrom = null, refreshing = false, wanted = false, last = 0, spoken = -SPEAK_MS;

  let messages = facts.messages;

  const productNow = () => beat.now + (real() - beat.at) * beat.speed;
  const clock = (ms) => clockFormat.format(new Date(ms));
  const byId = (id) => document.getElementById(id);
  const say = (id, text) => { const node = byId(id); if (node && node.textContent !== text) node.textContent = text; };

  function duration(ms) {
    const s = Math.max(0, Math.floor(ms / 1000)), min = Math.floor(s / 60), h = Math.floor(min / 60);
    if (s < 60) return `${s} s`;
    if (min < 60) return `${min} min`;
    if (h < 48) return `${h} h` + (min % 60 ? ` ${String(min % 60).padStart(2, "0")} min` : "");
    return `${Math.floor(h / 24)} days`;
  }

  function show(state) {
    root.classList.toggle("stale", state === "stale");
    root.classList.toggle("lost", state === "lost");
    byId("state").className = `state ${state}`;
    byId("banner").hidden = state !== "stale" && state !== "lost";
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
    say("state-word", lost ? "Connection lost" : stale ? "Stale" : waiting ? "" : "Live");
    say("state-text", lost ? "trying again" : waiting ? "waiting for the first event"
      : stale ? `no event for ${duration(age)}` : `newest event ${duration(age)} ago`);
    if (lost) {
      say("banner-title", "Connection lost");
      say("banner-lead", since ? `Nothing below is newer than ${since}.` : "Nothing below is current.");
      say("banner-rest", "Trying again. This page does not hear from the server; the numbers stay as they were.");
      say("banner-label", "not connected for");
      say("banner-for", duration(real() - heard));
    } else if (stale) {
      say("banner-title", "Stale");
      say("banner-lead", `Nothing below is newer than ${since}.`);
      const usual = beat.usualGap === null ? "" : `Usual gap between events: ${duration(beat.usualGap)}. `;
      say("banner-rest", `${usual}No alert does not mean that all is well: check the source.`);
      say("banner-label", "no data for");
      say("banner-for", duration(age));
    }
    for (const node of document.querySelectorAll("[data-since]")) {
      const text = duration(now - Number(node.dataset.since));
      if (node.textContent !== text) node.textContent = text;
    }
  }

  function back(from, to) {
    const node = byId("back");
    node.textContent = `Back at ${clock(to)}, gap ${clock(from)}..${clock(to)}`;
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
    };
    hear();
    if (data.messages !== messages) { messages = data.messages; refresh(); }
    if (staleFrom !== null && data.state === "live") { back(staleFrom, beat.now); staleFrom = null; refresh(); }
    tick();
  }

  function swap(fresh) {
    const ids = (doc) => [...doc.querySelectorAll("[data-live]")].map((node) => node.id).join(" ");
    if (ids(document) !== ids(fresh)) {
      document.querySelector("main").replaceChildren(...fresh.querySelector("main").childNodes);
      for (const id of ["count-incidents"]) byId(id)?.replaceWith(fresh.getElementById(id));
      return;
    }
    for (const node of fresh.querySelectorAll("[data-live]")) {
      const old = byId(node.id);
      const held = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      if (strip(old) === strip(node)) continue;
      node.classList.add("fresh");
      old.replaceWith(node);
      if (held) [...node.querySelectorAll("a")].find((link) => link.getAttribute("href") === held)?.focus();
    }
  }

  function strip(node) {  // what ticks by itself, or was only faded, is no difference
    const copy = node.cloneNode(true);
    copy.classList.remove("fresh");
    if (!copy.classList.length) copy.removeAttribute("class");
    for (const inner of copy.querySelectorAll("[data-since], [data-asof]")) inner.textContent = "";
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
    const place = `${data.segment.channel ?? "all channels"} · ${data.segment.stage ?? "all stages"}`;
    say("announce", `New incident: ${place}`);
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
