// JSON over HTTP. Every failure is a Problem: what is wrong, and what to do about it.

export class Problem extends Error {
  constructor(message, remedy = "") {
    super(message);
    this.remedy = remedy;
  }
}

export async function call(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Problem(
      "The engine does not answer.",
      "Is rt-engine still running? Start it and reload.",
    );
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Problem(found.error || `${method} ${path}: ${answer.status}`, found.remedy || "");
  }
  return found;
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const remove = (path) => call("DELETE", path);

// As `api`, which is one of these calls or stands for one; null where it failed, and `error` told.
export function trying(api, error) {
  return async (method, path, body) => {
    try {
      return await api(method, path, body);
    } catch (problem) {
      error(problem.message, problem.remedy);
      return null;
    }
  };
}
