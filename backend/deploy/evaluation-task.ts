import type { AuthProvider, ModuleSource, Mount } from "../functions/deployment.ts";
import { evaluateAuthConfig } from "./auth-config.ts";
import type { DeployErrorCode } from "./deploy-error.ts";
import type { Origins } from "./mount-tree.ts";
import { evaluatePush, evaluateSchemas, type EvaluatedPush } from "./push-evaluation.ts";
import type { PushRequest } from "./push-request.ts";

type Environment = Readonly<Record<string, string>>;

interface PushTask {
  readonly request: PushRequest;
  readonly environment: Environment;
  readonly origins: Origins;
}

interface AuthTask {
  readonly modules: ReadonlyMap<string, ModuleSource>;
  readonly environment: Environment;
}

interface Evaluations {
  readonly push: { readonly task: PushTask; readonly result: EvaluatedPush };
  readonly schemas: { readonly task: PushTask; readonly result: ReadonlyMap<string, Mount> };
  readonly auth: { readonly task: AuthTask; readonly result: AuthProvider[] };
}

/** Work that runs pushed modules to see what they export. Tasks and results are plain data, fit for another thread. */
export type EvaluationKind = keyof Evaluations;
export type EvaluationTask<Kind extends EvaluationKind> = Evaluations[Kind]["task"];
export type EvaluationResult<Kind extends EvaluationKind> = Evaluations[Kind]["result"];

export type EvaluationAnswer<Kind extends EvaluationKind> =
  | { readonly ok: true; readonly result: EvaluationResult<Kind> }
  | { readonly ok: false; readonly code: DeployErrorCode; readonly message: string; readonly status: number };

type AnyEvaluation = {
  [Kind in EvaluationKind]: { readonly kind: Kind; readonly task: EvaluationTask<Kind> };
}[EvaluationKind];

/** Does the work in this thread. Throws DeployError. */
export function evaluate(evaluation: AnyEvaluation): Promise<EvaluationResult<EvaluationKind>> {
  switch (evaluation.kind) {
    case "push": {
      const { request, environment, origins } = evaluation.task;
      return evaluatePush(request, environment, origins);
    }
    case "schemas": {
      const { request, environment, origins } = evaluation.task;
      return evaluateSchemas(request, environment, origins);
    }
    case "auth":
      return evaluateAuthConfig(evaluation.task.modules, evaluation.task.environment);
    default:
      return evaluation satisfies never;
  }
}
