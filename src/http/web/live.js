// The stream of live updates, and what is known of its health. Listeners get (kind, data).

const SILENCE = 12000; // the server says something every 5 seconds

const listeners = new Set();
export const live = { connected: false, redis: true, latest: null, committed: null, ruleset: null, seen: 0 };

function tell(kind, data) {
  for (const listener of [...listeners]) listener(kind, data);
}
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function connected(yes) {
  if (yes) live.seen = Date.now();
  if (live.connected === yes) return;
  live.connected = yes;
  tell("connection", yes);
}

let source = null;
function open() {
  if (source) source.close();
  source = new EventSource("/api/v1/live");
  source.addEventListener("state", (event) => {
    const state = JSON.parse(event.data);
    live.redis = state.redis;
    if (state.redis) Object.assign(live, { latest: Date.parse(state.latest) || null, committed: Date.parse(state.committed) || null, ruleset: state.ruleset });
    connected(true);
    tell("state", live);
  });
  for (const kind of ["counts", "alert"])
    source.addEventListener(kind, (event) => {
      connected(true);
      tell(kind, JSON.parse(event.data));
    });
  source.onerror = () => {
    connected(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(open, 3000);
  };
}

export function start() {
  open();
  setInterval(() => {
    if (live.connected && Date.now() - live.seen > SILENCE) connected(false), open();
    tell("tick", null);
  }, 5000);
}
