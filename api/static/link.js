"use strict";
/* Asks what the link allows and sends it when its holder says so. The secret leaves this page in the
   Authorization header only; nothing is stored, and opening the page changes nothing. */

const secret = location.hash.slice(1);
const part = (id) => document.getElementById(id);
const OVER =
  "Ce lien n'ouvre rien : il a déjà servi, il a expiré ou été retiré, ou l'adresse n'est pas entière. " +
  "Si vous venez de vous en servir, votre envoi est arrivé. Sinon, demandez un nouveau lien à qui vous " +
  "l'a donné, ou faites la démarche sur papier.";
const AWAY = "Le service ne répond pas. Réessayez dans un instant, ou faites la démarche sur papier.";

function say(text) {
  part("status").textContent = text;
}

function ask(method, path, body, key) {
  const headers = { Authorization: `Bearer ${secret}` };
  if (body) {
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = key;
  }
  return fetch(path, {
    method, headers, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit",
  });
}

function newKey() {
  const numbers = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(numbers, (one) => one.toString(16).padStart(2, "0")).join("");
}

/* What was typed, put where the body wants it; what was left empty is not sent. */
function filled(form, body) {
  const sent = structuredClone(body);
  for (const field of form.querySelectorAll("[data-field]")) {
    const value = field.value.trim();
    const path = field.dataset.field.split(".");
    const last = path.pop();
    let place = sent;
    for (const step of path) place = place[step] ??= {};
    if (value) place[last] = value;
  }
  return sent;
}

async function why(answer) {
  if (answer.status === 401) return OVER;
  const problem = await answer.json().catch(() => ({}));
  const faults = (problem.errors ?? []).map((one) => `${one.problem} ${one.remedy}`);
  return [problem.detail ?? AWAY, ...faults, ...(problem.missing ?? [])].join(" ");
}

async function send(form, told, key) {
  const button = form.querySelector("button");
  button.disabled = true;
  say("Envoi…");
  try {
    const answer = await ask(told.method, told.path, filled(form, told.body), key);
    if (!answer.ok) return say(await why(answer));
    const done = await answer.json();
    form.hidden = true;
    if (!told.reusable) history.replaceState(null, "", location.pathname);
    say(done.message ?? "C'est fait : votre demande est enregistrée.");
    part("title").focus();
  } catch {
    say(AWAY);
  } finally {
    button.disabled = false;
  }
}

function show(told) {
  part("allows").textContent = told.allows;
  part("association").textContent = told.association;
  part("until").textContent = told.expires_on.split("-").reverse().join("/");
  part("paper").textContent = told.paper;
  part("told").hidden = false;
  part("text").textContent = told.text ?? "";
  part("text").hidden = !told.text;
  for (const form of document.forms) {
    if (!form.dataset.actions.split(" ").includes(told.action)) continue;
    let key = newKey();
    let last = "";
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const now = JSON.stringify(filled(form, told.body));
      if (now !== last) key = newKey();
      last = now;
      send(form, told, key);
    });
  }
}

async function start() {
  if (!secret) return say(OVER);
  try {
    const answer = await ask("GET", "/v1/link");
    if (answer.ok) show(await answer.json());
    else say(await why(answer));
  } catch {
    say(AWAY);
  }
}

start();
