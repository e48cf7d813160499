// Reads a chat-completions event stream: deltas of text, and what the gateway says about the answer.

export interface Verdict {
  decision: string;
  risks: string[];
  exchange_id: string;
}

export interface Heard {
  text: string;
  verdict: Partial<Verdict>;
  finish: string;
}

interface Chunk {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  guiju?: Partial<Verdict> & { event?: string };
  error?: { message?: string };
}

export class GatewayError extends Error {}

/** Yield each event's data until the stream ends. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let kept = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    kept += value.replaceAll("\r\n", "\n");
    for (let end = kept.indexOf("\n\n"); end >= 0; end = kept.indexOf("\n\n")) {
      const data = kept
        .slice(0, end)
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trimStart());
      kept = kept.slice(end + 2);
      if (data.length) yield data.join("\n");
    }
  }
}

/** The half of a "Chinese / English" message that is in the page's language. */
function half(message: string): string {
  const [chinese, english] = message.split(" / ", 2);
  return (document.documentElement.lang === "en" ? english : chinese) ?? message;
}

async function failure(response: Response): Promise<GatewayError> {
  const body = (await response.json().catch(() => ({}))) as Chunk;
  return new GatewayError(half(body.error?.message ?? `HTTP ${response.status}`));
}

/** Ask, and call `onHeard` with everything heard so far each time more is heard. */
export async function ask(
  request: { model: string; messages: { role: string; content: string }[] },
  csrf: string,
  signal: AbortSignal,
  onHeard: (heard: Heard) => void,
): Promise<void> {
  const response = await fetch("/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify({ ...request, stream: true }),
    signal,
  });
  if (!response.ok || !response.body) throw await failure(response);
  const heard: Heard = { text: "", verdict: {}, finish: "" };
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) throw new GatewayError(half(chunk.error.message ?? ""));
    const choice = chunk.choices?.[0];
    if (chunk.guiju?.event === "retract") {
      heard.text = ""; // what was shown is taken back; what follows stands in its place
      onHeard(heard);
      continue;
    }
    heard.text += choice?.delta?.content ?? "";
    heard.finish = choice?.finish_reason ?? heard.finish;
    heard.verdict = { ...heard.verdict, ...chunk.guiju };
    onHeard(heard);
  }
  if (!heard.finish) throw new GatewayError("");
}
