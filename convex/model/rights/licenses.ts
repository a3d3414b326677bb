import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "./callers.ts";
import { Fields, checkDescription, checkSlug, missing, nameTaken, pageByName, tooMany } from "./definitions.ts";
import type { Page, PageWish } from "./definitions.ts";
import { requireRight } from "./granting.ts";

/** How many licenses an organization may define. */
export const ORGANIZATION_LICENSES_MAX = 500;
/** Seats of a license that counts them: an assignment reads all that are taken. */
export const SEATS_MAX = 5_000;

export const vLicenseView = v.object({
  id: v.id("licenses"),
  name: v.string(),
  description: v.string(),
  seats: v.union(v.number(), v.null()),
  // Epoch milliseconds.
  validFrom: v.union(v.number(), v.null()),
  validUntil: v.union(v.number(), v.null()),
});
export type LicenseView = Infer<typeof vLicenseView>;

/** What may be chosen about a license. Null: any number of seats, or valid from the start or for ever. */
export const licenseFields = {
  description: v.optional(v.string()),
  seats: v.optional(v.union(v.number(), v.null())),
  validFrom: v.optional(v.union(v.number(), v.null())),
  validUntil: v.optional(v.union(v.number(), v.null())),
};
type LicenseFields = {
  description?: string;
  seats?: number | null;
  validFrom?: number | null;
  validUntil?: number | null;
};

/** A page of licenses by name. */
export async function listLicenses(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  wish: PageWish,
): Promise<Page<LicenseView>> {
  return await pageByName([], wish, async (name, count) => await readLicenses(ctx, organizationId, name, count));
}

/** The organization's licenses after a name. */
export async function readLicenses(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  after: string,
  count: number,
): Promise<LicenseView[]> {
  const rows = await ctx.db
    .query("licenses")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId).gt("name", after))
    .take(count);
  return rows.map(toLicenseView);
}

/** Throws INVALID_INPUT, FORBIDDEN, NAME_TAKEN, CONFLICT at the maximum. */
export async function createLicense(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  input: LicenseFields & { name: string },
): Promise<LicenseView> {
  requireRight(caller, "licenses:manage");
  const { organizationId } = caller;
  const fields = new Fields();
  const name = fields.take("name", checkSlug(input.name), "");
  const checked = checkFields(fields, input, { description: "", seats: null, validFrom: null, validUntil: null });
  fields.throwIfWrong("The license cannot be defined like this.");
  const licenses = await readLicenses(ctx, organizationId, "", ORGANIZATION_LICENSES_MAX);
  if (licenses.some((other) => other.name === name)) throw nameTaken("license", name);
  if (licenses.length >= ORGANIZATION_LICENSES_MAX) throw tooMany("licenses", ORGANIZATION_LICENSES_MAX);
  const id = await ctx.db.insert("licenses", { organizationId, name, ...checked });
  await recordChange(ctx, caller, {
    action: "license.create",
    targetKind: "license",
    targetId: id,
    before: null,
    after: { name, ...checked },
  });
  return { id, name, ...checked };
}

/** Changes a license for all its holders, from the next use on. Its name stays: conditions name it. CONFLICT for fewer seats than are taken. */
export async function changeLicense(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  licenseId: string,
  input: LicenseFields,
): Promise<LicenseView> {
  requireRight(caller, "licenses:manage");
  const license = await requireLicense(ctx, caller.organizationId, licenseId);
  const fields = new Fields();
  const checked = checkFields(fields, input, license);
  fields.throwIfWrong("The license cannot be changed like this.");
  if (checked.seats !== null && (await hasMoreHolders(ctx, license._id, checked.seats))) {
    throw latchkeyError("CONFLICT", `More than ${checked.seats} seats are taken. Unassign some first.`);
  }
  await ctx.db.patch("licenses", license._id, checked);
  await recordChange(ctx, caller, {
    action: "license.update",
    targetKind: "license",
    targetId: license._id,
    before: toAuditState(license),
    after: { name: license.name, ...checked },
  });
  return toLicenseView({ ...license, ...checked });
}

/** Deletes a license, which nobody holds from then on. Its assignments are forgotten afterwards, in batches. */
export async function deleteLicense(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  licenseId: string,
): Promise<Id<"licenses">> {
  requireRight(caller, "licenses:manage");
  const license = await requireLicense(ctx, caller.organizationId, licenseId);
  await ctx.db.delete("licenses", license._id);
  await recordChange(ctx, caller, {
    action: "license.delete",
    targetKind: "license",
    targetId: license._id,
    before: toAuditState(license),
    after: null,
  });
  return license._id;
}

/** The license of this id. NOT_FOUND for one that is missing or foreign. */
export async function requireLicense(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  licenseIdText: string,
): Promise<Doc<"licenses">> {
  const licenseId = ctx.db.normalizeId("licenses", licenseIdText);
  const license = licenseId === null ? null : await ctx.db.get("licenses", licenseId);
  if (license === null || license.organizationId !== organizationId) throw missing();
  return license;
}

/** Whether more than so many seats of a license are taken. */
export async function hasMoreHolders(ctx: QueryCtx, licenseId: Id<"licenses">, seats: number): Promise<boolean> {
  const holders = await ctx.db
    .query("licenseHolders")
    .withIndex("by_license", (q) => q.eq("licenseId", licenseId))
    .take(seats + 1);
  return holders.length > seats;
}

export function toLicenseView({ _id, name, description, seats, validFrom, validUntil }: Doc<"licenses">): LicenseView {
  return { id: _id, name, description, seats, validFrom, validUntil };
}

type Checked = { description: string; seats: number | null; validFrom: number | null; validUntil: number | null };

function checkFields(fields: Fields, input: LicenseFields, current: Checked): Checked {
  const { seats = current.seats, validFrom = current.validFrom, validUntil = current.validUntil } = input;
  const description =
    input.description === undefined
      ? current.description
      : fields.take("description", checkDescription(input.description), "");
  if (seats !== null && (!Number.isSafeInteger(seats) || seats < 1 || seats > SEATS_MAX)) {
    fields.refuse("seats", `Offer 1 to ${SEATS_MAX} seats, or null for any number.`);
  }
  for (const [path, moment] of Object.entries({ validFrom, validUntil })) {
    if (moment !== null && (!Number.isSafeInteger(moment) || moment < 0)) {
      fields.refuse(path, "Give the moment as whole milliseconds since 1970.");
    }
  }
  if (validFrom !== null && validUntil !== null && validFrom >= validUntil) {
    fields.refuse("validUntil", "The license would end before it begins.");
  }
  return { description, seats, validFrom, validUntil };
}

function toAuditState({ name, description, seats, validFrom, validUntil }: Doc<"licenses">): Record<string, unknown> {
  return { name, description, seats, validFrom, validUntil };
}
