/** Which workloads to run. */
import { UsageError } from './options.ts'

interface Named {
  readonly name: string
}

/** A regular expression for a glob: `*` stands for any characters, `?` for one. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replaceAll(/[\\^$.+()|[\]{}]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`)
}

/**
 * The workloads whose name fits one of the patterns, in their own order; all of them without
 * patterns.
 *
 * @throws {UsageError} for a pattern that no workload fits.
 */
export function select<W extends Named>(
  workloads: readonly W[],
  patterns: readonly string[],
): readonly W[] {
  if (patterns.length === 0) return workloads
  const chosen = new Set<W>()
  for (const text of patterns) {
    const pattern = globPattern(text)
    const fitting = workloads.filter(({ name }) => pattern.test(name))
    if (fitting.length === 0) {
      throw new UsageError(`no workload is called ${text}; --list shows all`)
    }
    for (const workload of fitting) chosen.add(workload)
  }
  return workloads.filter((workload) => chosen.has(workload))
}
