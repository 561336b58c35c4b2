/** The results as JSON. */
import type { Outcome } from './runner.ts'

export interface Report {
  readonly workloads: Readonly<Record<string, Omit<Outcome, 'name'>>>
}

/** What --json writes; null stands for what was not measured. */
export function report(outcomes: readonly Outcome[]): Report {
  return {
    workloads: Object.fromEntries(outcomes.map(({ name, ...rest }) => [name, rest])),
  }
}
