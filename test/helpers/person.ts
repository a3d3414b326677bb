/** A signed-in person, as a browser would be one: cookies kept, Origin sent. */
export interface Person {
  readonly email: string;
  readonly password: string;
  /** The Cookie header of the session. */
  readonly cookie: string;
  /** Calls the product as this person. A body is sent as JSON. */
  request(method: string, path: string, body?: unknown): Promise<Response>;
}

let people = 0;

/** Signs a new person up over HTTP. Throws with the answer when that is refused. */
export async function signUp(url: string, name = "Ada"): Promise<Person> {
  people += 1;
  const email = `${name.toLowerCase()}-${process.pid}-${people}@example.com`;
  const password = "correct horse battery";
  const answer = await fetch(`${url}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ name, email, password }),
  });
  if (!answer.ok) throw new Error(`sign-up answers ${answer.status}: ${await answer.text()}`);
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  return {
    email,
    password,
    cookie,
    request: (method, path, body) =>
      fetch(url + path, {
        method,
        headers: { cookie, origin: url, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
  };
}

/** Makes an organization with the person as its owner. Resolves to its id. */
export async function createOrganization(person: Person, slug: string): Promise<string> {
  return textField(
    await succeed(await person.request("POST", "/api/auth/organization/create", { name: slug, slug })),
    "id",
  );
}

export interface CreatedKey {
  readonly id: string;
  /** The plaintext, this once. */
  readonly key: string;
}

/** Creates a key by the public API. `input` is the operation's body. */
export async function createKey(person: Person, input: Record<string, unknown>): Promise<CreatedKey> {
  const record = await succeed(await person.request("POST", "/api/v1/keys", input));
  return { id: textField(record, "id"), key: textField(record, "key") };
}

/** The JSON of an answer that must be a success. Throws with the whole answer otherwise. */
export async function succeed(answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.url} answers ${answer.status}: ${text}`);
  return text === "" ? null : JSON.parse(text);
}

/** A text field of a JSON object. Throws when it is not there. */
export function textField(value: unknown, name: string): string {
  const field: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  if (typeof field !== "string") throw new Error(`no text ${name} in ${JSON.stringify(value)}`);
  return field;
}
