// Asks the server, and reads its stream: comments are progress, data are chunks of the answer.

/** Thrown where the server refuses, with its own sentence. */
export class ServerError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/**
 * Server-sent events out of bytes, wherever a chunk of them ends.
 *
 * `feed` and `end` give `{comment}` for each comment line and `{data}` for each event, in order.
 */
export class EventReader {
  #decoder = new TextDecoder();
  #rest = "";
  #data = [];

  feed(bytes) {
    return this.#read(this.#decoder.decode(bytes, { stream: true }), false);
  }

  end() {
    return this.#read(this.#decoder.decode(), true);
  }

  #read(text, ended) {
    const found = [];
    this.#rest += text;
    for (;;) {
      const at = this.#rest.search(/[\r\n]/);
      // The \n of a \r\n may be in the next chunk.
      if (at < 0 || (!ended && this.#rest[at] === "\r" && at === this.#rest.length - 1)) break;
      const line = this.#rest.slice(0, at);
      this.#rest = this.#rest.slice(at + (this.#rest.startsWith("\r\n", at) ? 2 : 1));
      this.#take(line, found);
    }
    if (ended && this.#rest) this.#take(this.#rest, found);
    if (ended) this.#rest = "";
    return found;
  }

  #take(line, found) {
    if (line === "") {
      if (this.#data.length) found.push({ data: this.#data.join("\n") });
      this.#data = [];
    } else if (line.startsWith(":")) {
      found.push({ comment: line.slice(1).trim() });
    } else if (line === "data" || line.startsWith("data:")) {
      this.#data.push(line.slice(5).replace(/^ /, ""));
    }
  }
}

const KEY = "visualcrop-key";
export const setKey = (key) => sessionStorage.setItem(KEY, key);
export const headers = () => {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
};

/** JSON from the server; its own sentence where it refuses. */
export async function getJson(path, signal) {
  return (await checked(await request(path, { headers: headers(), signal }))).json();
}

/**
 * Ask a question, and call `onProgress` with each event of the search.
 *
 * @returns {Promise<{ text: string, result: object }>}
 */
export async function ask({ model, prompt, picture, searcher, passes, map, signal, onProgress }) {
  const body = {
    model,
    stream: true,
    messages: [
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: picture } },
          { type: "text", text: prompt },
        ],
      },
    ],
    visualcrop: {
      ...(searcher && { searcher }),
      ...(passes !== null && { passes }),
      ...(map && { map: true }),
    },
  };
  const response = await checked(
    await request("/v1/chat/completions", {
      method: "POST",
      headers: { ...headers(), "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    }),
  );
  return readAnswer(response.body, onProgress);
}

/** The whole answer out of a stream of bytes. */
export async function readAnswer(stream, onProgress = () => {}) {
  const events = new EventReader(), bytes = stream.getReader();
  const answer = { text: "", result: null };
  for (;;) {
    const { done, value } = await bytes.read();
    for (const event of done ? events.end() : events.feed(value)) take(event, answer, onProgress);
    if (done) break;
  }
  if (!answer.result) throw new ServerError("The server ended the answer before its end; ask again.");
  return answer;
}

function take({ comment, data }, answer, onProgress) {
  if (comment?.startsWith("visualcrop ")) onProgress(JSON.parse(comment.slice(11)));
  if (data === undefined || data === "[DONE]") return;
  const chunk = JSON.parse(data);
  if (chunk.error) throw new ServerError(chunk.error.message ?? String(chunk.error));
  answer.text += chunk.choices?.[0]?.delta?.content ?? "";
  answer.result = chunk.visualcrop ?? answer.result;
}

async function request(path, options) {
  try {
    return await fetch(path, options);
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new ServerError("The server does not answer; see whether it is still running.");
  }
}

async function checked(response) {
  if (response.ok) return response;
  let message = "";
  try {
    message = (await response.json()).error.message;
  } catch {
    message = `The server refuses with status ${response.status}.`;
  }
  throw new ServerError(message, response.status);
}
