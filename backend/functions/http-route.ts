import type { LoadedDeployment } from "./loaded-deployment.ts";
import type { LoadedMount } from "./loaded-mount.ts";
import type { Namespace } from "./module-graph.ts";

const HTTP_MODULE = "http.js";

export interface HttpRoute {
  readonly mount: LoadedMount;
  invoke(request: Request): unknown;
}

/**
 * The HTTP action for a path: of the child component mounted at the longest matching prefix, which sees the rest of the
 * path, else of the app. Not a promise once the modules are loaded.
 */
export function findHttpRoute(
  loaded: LoadedDeployment,
  pathname: string,
  method: string,
): HttpRoute | null | Promise<HttpRoute | null> {
  let mount = loaded.mount("");
  let path = pathname;
  for (let child = mount && childAt(mount, path); child !== undefined; child = childAt(child.mount, path)) {
    mount = child.mount;
    path = child.path;
  }
  if (mount === undefined || !mount.definition.hasHttpModule) return null;
  const owner = mount;
  const namespace = owner.modules.loaded(HTTP_MODULE);
  if (namespace !== undefined) return lookUp(owner, namespace, path, method);
  return owner.modules.import(HTTP_MODULE).then((imported) => lookUp(owner, imported, path, method));
}

function childAt(mount: LoadedMount, path: string): { mount: LoadedMount; path: string } | undefined {
  for (const { prefix, mount: childPath } of mount.definition.httpMounts) {
    if (!path.startsWith(prefix)) continue;
    const child = mount.deployment.mount(childPath);
    if (child !== undefined) return { mount: child, path: path.slice(prefix.length - 1) };
  }
  return undefined;
}

// The router decides itself, since libraries replace `lookup`.
function lookUp(mount: LoadedMount, namespace: Namespace, path: string, method: string): HttpRoute | null {
  const router = namespace["default"];
  if (!isRouter(router)) throw new Error("The default export of http.js is not a Router.");
  const match = router.lookup(path, method);
  const handler: unknown = Array.isArray(match) ? match[0] : null;
  if (handler === null) return null;
  if (!isHttpAction(handler)) throw new Error("The handler of a route is not an HTTP action.");
  return { mount, invoke: (request) => handler.invokeHttpAction(request) };
}

interface Router {
  lookup(path: string, method: string): unknown;
}

interface HttpAction {
  invokeHttpAction(request: Request): unknown;
}

function isRouter(value: unknown): value is Router {
  return typeof value === "object" && value !== null && "lookup" in value && typeof value.lookup === "function";
}

function isHttpAction(value: unknown): value is HttpAction {
  return typeof value === "function" && "invokeHttpAction" in value && typeof value.invokeHttpAction === "function";
}
