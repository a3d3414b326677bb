import { formatValue } from "./format-value.ts";
import { isJsonObject, type JsonValue } from "./json.ts";

/** A validator's JSON as the code that made it, for messages: `v.object({name: v.string()})`. */
export function formatValidator(validator: JsonValue | undefined): string {
  if (validator === undefined || !isJsonObject(validator)) return "unknown validator";
  const { value } = validator;
  const type = typeof validator.type === "string" ? validator.type : "unknown";
  switch (type) {
    case "bigint":
      return "v.int64()";
    case "number":
      return "v.float64()";
    case "id":
      return `v.id(${JSON.stringify(validator.tableName)})`;
    case "literal":
      return `v.literal(${formatValue(value ?? null)})`;
    case "array":
      return `v.array(${formatValidator(value)})`;
    case "union":
      return `v.union(${Array.isArray(value) ? value.map(formatValidator).join(", ") : ""})`;
    case "record":
      return `v.record(${formatValidator(validator.keys)}, ${formatField(validator.values)})`;
    case "object": {
      const fields = isJsonObject(value) ? Object.entries(value) : [];
      return `v.object({${fields.map(([name, field]) => `${name}: ${formatField(field)}`).join(", ")}})`;
    }
    default:
      return `v.${type}()`;
  }
}

function formatField(field: JsonValue | undefined): string {
  if (field === undefined || !isJsonObject(field)) return "unknown validator";
  const inner = formatValidator(field.fieldType);
  return field.optional === true ? `v.optional(${inner})` : inner;
}
