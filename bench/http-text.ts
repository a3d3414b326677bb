/** A whole HTTP/1.1 request with a JSON body, as text. */
export function httpPost(path: string, headers: Readonly<Record<string, string>>, body: unknown): string {
  const text = JSON.stringify(body);
  const length = String(Buffer.byteLength(text));
  const head = headText("POST", path, { "content-type": "application/json", "content-length": length, ...headers });
  return head + text;
}

/** A whole HTTP/1.1 request without a body, as text. */
export function httpGet(path: string, headers: Readonly<Record<string, string>>): string {
  return headText("GET", path, headers);
}

function headText(method: string, path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}
