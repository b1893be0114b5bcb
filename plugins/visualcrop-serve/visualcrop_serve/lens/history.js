// Past looks, in this browser: the newest sixty, each with a small picture.

const NAME = "visualcrop-lens", STORE = "looks";
const MOST = 60;
let memory = []; // where the browser keeps nothing, as in some private windows

const opened = new Promise((resolve) => {
  let request;
  try {
    request = indexedDB.open(NAME, 1);
  } catch {
    resolve(null);
    return;
  }
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
  request.onsuccess = () => resolve(request.result);
  request.onerror = request.onblocked = () => resolve(null);
});

function run(mode, work) {
  return opened.then((base) => base && new Promise((resolve, reject) => {
    const change = base.transaction(STORE, mode);
    const request = work(change.objectStore(STORE));
    change.oncomplete = () => resolve(request.result);
    change.onerror = change.onabort = () => reject(change.error);
  }));
}

/** Keep a look; the oldest make room. */
export async function remember(look) {
  if (!(await opened)) {
    memory = [{ ...look, id: Date.now() }, ...memory].slice(0, MOST);
    return;
  }
  await run("readwrite", (store) => {
    const added = store.add(look);
    const keys = store.getAllKeys();
    keys.onsuccess = () => keys.result.slice(0, -MOST).forEach((key) => store.delete(key));
    return added;
  });
}

/** All looks, the newest first. */
export async function recall() {
  return (await opened) ? (await run("readonly", (store) => store.getAll())).reverse() : memory;
}

export async function forgetAll() {
  memory = [];
  if (await opened) await run("readwrite", (store) => store.clear());
}
