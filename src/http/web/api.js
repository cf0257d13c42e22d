// Asking the API. What was asked for a view that has gone is not waited for.

export class Problem extends Error {}

export async function get(path, params, signal) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params || {})) if (value !== null && value !== undefined) query.set(name, value);
  const url = `/api/v1/${path}${query.size ? "?" + query : ""}`;
  let answer;
  try {
    answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("hark cannot be reached.");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(body.detail || `The answer has status ${answer.status}.`);
  return body;
}
