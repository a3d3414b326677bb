import { describe, expect, test } from "vitest";
import { OutgoingResponse } from "#backend/web/outgoing-response.ts";

// Whatever the platform's Response does with these, ours does too.
describe.each([
  { name: "Response", type: Response },
  { name: "OutgoingResponse", type: OutgoingResponse },
])("$name", ({ type: ResponseType }) => {
  test("text gets a content type unless one is given", async () => {
    const plain = new ResponseType("hi");
    expect(plain.headers.get("content-type")).toBe("text/plain;charset=UTF-8");
    expect(await plain.text()).toBe("hi");
    const html = new ResponseType("hi", { headers: { "Content-Type": "text/html" } });
    expect(html.headers.get("content-type")).toBe("text/html");
  });

  test("json carries status and headers", async () => {
    const response = ResponseType.json({ a: [1] }, { status: 201, headers: { "x-a": "b" } });
    expect(response.status).toBe(201);
    expect(response.ok).toBe(true);
    expect(Object.fromEntries(response.headers)).toEqual({ "content-type": "application/json", "x-a": "b" });
    expect(await response.clone().json()).toEqual({ a: [1] });
    expect(response.bodyUsed).toBe(false);
    expect(await response.json()).toEqual({ a: [1] });
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toThrow(TypeError);
  });

  test("headers can be changed afterwards", () => {
    const response = new ResponseType(null, { headers: { "x-a": "1" } });
    response.headers.append("set-cookie", "a=1");
    response.headers.append("set-cookie", "b=2");
    response.headers.delete("x-a");
    expect([...response.headers]).toEqual([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
  });

  test("what it was made from may change without changing it", async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const headers = { "x-a": "1" };
    const response = new ResponseType(bytes, { headers });
    bytes[0] = 9;
    headers["x-a"] = "2";
    expect(response.headers.get("x-a")).toBe("1");
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3]);
  });

  test("bad statuses, headers and combinations throw", () => {
    expect(() => new ResponseType("x", { status: 204 })).toThrow(TypeError);
    expect(() => new ResponseType(null, { status: 99 })).toThrow(RangeError);
    expect(() => new ResponseType(null, { statusText: "a\nb" })).toThrow(TypeError);
    expect(() => new ResponseType(null, { headers: { "x-a": "a\r\nb: c" } })).toThrow(TypeError);
    expect(() => new ResponseType(null, { headers: { "bad name": "1" } })).toThrow(TypeError);
    expect(() => ResponseType.json(undefined)).toThrow(TypeError);
  });

  test("streams, forms and parameters are bodies", async () => {
    const stream = new ResponseType(new Blob(["a", "b"]).stream());
    expect(await stream.text()).toBe("ab");
    const parameters = new ResponseType(new URLSearchParams({ a: "1" }));
    expect(parameters.headers.get("content-type")).toContain("x-www-form-urlencoded");
    expect(await parameters.text()).toBe("a=1");
  });

  test("responses of fetch are instances of it, and it is an instance of Response", () => {
    expect(Response.json(1) instanceof ResponseType).toBe(true);
    expect(new ResponseType("x") instanceof Response).toBe(true);
    expect(Object.create({}) instanceof ResponseType).toBe(false);
  });
});

test("text is written as it was given, without a stream between", () => {
  const response = new OutgoingResponse("hi", { headers: { "x-a": "b" } });
  expect(OutgoingResponse.wholeBodyOf(response)).toBe("hi");
  expect(OutgoingResponse.rawHeadersOf(response)).toEqual(["x-a", "b", "content-type", "text/plain;charset=UTF-8"]);
  void response.body;
  expect(OutgoingResponse.wholeBodyOf(response)).toBeUndefined();
});
