/** Calls a path of Latchkey with a JSON body, as one signed-in person. Throws with the whole answer when it is no success. */
export type Call = (path: string, body?: unknown) => Promise<Record<string, unknown>>;

export interface Session {
  readonly call: Call;
  /** The Cookie header as it is now. */
  readonly cookie: () => string;
}

/** Signs a person up over HTTP and keeps the cookies, as a browser would. A call without a body is a GET. */
export async function openSession(
  url: string,
  person: { readonly name: string; readonly email: string; readonly password: string },
): Promise<Session> {
  let cookie = "";
  const call: Call = async (path, body) => {
    const answer = await fetch(url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", origin: url, cookie },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${text}`);
    const cookies = answer.headers.getSetCookie().map((line) => line.split(";")[0]);
    if (cookies.length > 0) cookie = cookies.join("; ");
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  };
  await call("/api/auth/sign-up/email", person);
  return { call, cookie: () => cookie };
}
