/** Events with the same name, added up, and the table of them. */
import { ValueError } from '../errors.ts'
import { formatBytes } from '../native-errors.ts'
import { show } from '../show.ts'
import type { ProfilerEvent } from './collect.ts'

/** All events of one name (and of one list of input shapes, if grouped by it), added up. Times in µs. */
export interface ProfilerAverage {
  readonly key: string
  readonly kind: ProfilerEvent['kind']
  readonly count: number
  /** Without the events inside. */
  readonly selfCpuTimeTotal: number
  readonly cpuTimeTotal: number
  /** Mean of an event. */
  readonly cpuTime: number
  /** Bytes that live tensors took more, without the events inside. */
  readonly selfCpuMemoryUsage: number
  readonly cpuMemoryUsage: number
  /** Bytes that inputs and outputs have together. */
  readonly bytes: number
  /** Empty unless grouped by them. */
  readonly inputShapes: readonly (readonly number[] | null)[]
}

/** What a table can be sorted by. */
export type SortKey =
  | 'count'
  | 'cpuTime'
  | 'cpuTimeTotal'
  | 'selfCpuTimeTotal'
  | 'cpuMemoryUsage'
  | 'selfCpuMemoryUsage'
  | 'bytes'

const SORT_KEYS: readonly SortKey[] = [
  'count',
  'cpuTime',
  'cpuTimeTotal',
  'selfCpuTimeTotal',
  'cpuMemoryUsage',
  'selfCpuMemoryUsage',
  'bytes',
]

export interface TableOptions {
  /** What comes first has most of it; PyTorch's spelling (`cpu_time_total`) will do. Default: order of appearance. */
  sortBy?: SortKey | (string & {}) | null
  /** The most rows. Default 100. */
  rowLimit?: number
  /** Characters of the widest name. Default 55. */
  maxNameColumnWidth?: number
}

/** 12.345 µs, 1.234 ms, 2.345 s. */
function formatMicroseconds(us: number): string {
  if (us >= 1e6) return `${(us / 1e6).toFixed(3)} s`
  return us >= 1e3 ? `${(us / 1e3).toFixed(3)} ms` : `${us.toFixed(3)} µs`
}

function shapesText(shapes: ProfilerAverage['inputShapes']): string {
  return `[${shapes.map((shape) => (shape === null ? '' : `[${shape.join(', ')}]`)).join(', ')}]`
}

function signedBytes(bytes: number): string {
  return bytes < 0 ? `-${formatBytes(-bytes)}` : formatBytes(bytes)
}

function sortKey(given: string): SortKey {
  const camel = given.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  const key = SORT_KEYS.find((name) => name === camel)
  if (key !== undefined) return key
  throw new ValueError(
    'table',
    [],
    `there is no column ${show(given)}`,
    `sortBy is one of ${SORT_KEYS.join(', ')}`,
  )
}

function isEvent(value: unknown): value is ProfilerEvent {
  const { name, kind, shapes } = (value ?? {}) as Partial<ProfilerEvent>
  return typeof name === 'string' && typeof kind === 'string' && Array.isArray(shapes)
}

/**
 * Sums over the events of a profile, in the order of their first appearance.
 *
 * @see torch.autograd.profiler_util.EventList
 *
 * @example
 * ```ts
 * import { ones, profiler } from '@flambeau/core'
 * const averages = profiler.profile(() => ones([4]).exp().exp()).keyAverages()
 * const table = averages.table({ sortBy: 'count', rowLimit: 1 })
 * console.log(averages.length, table.includes('exp')) // => 2 true
 * ```
 */
export class ProfilerAverages {
  readonly #rows: readonly ProfilerAverage[]
  readonly #columns: { shapes: boolean; memory: boolean }

  /** @internal */
  constructor(
    events: readonly ProfilerEvent[],
    columns: { readonly shapes: boolean; readonly memory: boolean },
  ) {
    if (!Array.isArray(events) || !events.every(isEvent) || typeof columns?.shapes !== 'boolean') {
      throw new ValueError(
        'ProfilerAverages',
        [],
        'they are made of events',
        'profile.keyAverages()',
      )
    }
    const rows = new Map<string, { -readonly [K in keyof ProfilerAverage]: ProfilerAverage[K] }>()
    for (const event of events) {
      const inputShapes = columns.shapes ? event.shapes : []
      const id = `${event.kind} ${event.name} ${columns.shapes ? shapesText(inputShapes) : ''}`
      let row = rows.get(id)
      if (row === undefined) {
        row = {
          key: event.name,
          kind: event.kind,
          count: 0,
          selfCpuTimeTotal: 0,
          cpuTimeTotal: 0,
          cpuTime: 0,
          selfCpuMemoryUsage: 0,
          cpuMemoryUsage: 0,
          bytes: 0,
          inputShapes,
        }
        rows.set(id, row)
      }
      row.count++
      row.selfCpuTimeTotal += event.self
      row.cpuTimeTotal += event.duration
      row.cpuTime = row.cpuTimeTotal / row.count
      row.selfCpuMemoryUsage += event.selfMemory
      row.cpuMemoryUsage += event.memory
      row.bytes += event.bytes
    }
    this.#rows = [...rows.values()]
    this.#columns = columns
  }

  /** Number of rows. */
  get length(): number {
    return this.#rows.length
  }

  [Symbol.iterator](): Iterator<ProfilerAverage> {
    return this.#rows[Symbol.iterator]()
  }

  /** The self times of all rows, in µs. */
  get selfCpuTimeTotal(): number {
    return this.#rows.reduce((sum, row) => sum + row.selfCpuTimeTotal, 0)
  }

  /**
   * The rows as text.
   *
   * @throws {ValueError} for a column that is not there.
   * @see torch.autograd.profiler_util.EventList.table
   */
  table({ sortBy = null, rowLimit = 100, maxNameColumnWidth = 55 }: TableOptions = {}): string {
    let rows = [...this.#rows]
    if (sortBy !== null) {
      const key = sortKey(sortBy)
      rows.sort((a, b) => b[key] - a[key])
    }
    if (rowLimit >= 0) rows = rows.slice(0, rowLimit)
    const total = this.selfCpuTimeTotal
    const { shapes, memory } = this.#columns
    const share = (us: number): string =>
      `${total > 0 ? ((us / total) * 100).toFixed(2) : '0.00'} %`
    const head = [
      'Name',
      'Self CPU %',
      'Self CPU',
      'CPU total %',
      'CPU total',
      'CPU time avg',
      ...(memory ? ['CPU Mem', 'Self CPU Mem'] : []),
      '# of Calls',
      ...(shapes ? ['Input Shapes'] : []),
    ]
    const body = rows.map((row) => [
      row.key.length > maxNameColumnWidth
        ? `${row.key.slice(0, Math.max(0, maxNameColumnWidth - 3))}...`
        : row.key,
      share(row.selfCpuTimeTotal),
      formatMicroseconds(row.selfCpuTimeTotal),
      share(row.cpuTimeTotal),
      formatMicroseconds(row.cpuTimeTotal),
      formatMicroseconds(row.cpuTime),
      ...(memory ? [signedBytes(row.cpuMemoryUsage), signedBytes(row.selfCpuMemoryUsage)] : []),
      String(row.count),
      ...(shapes ? [shapesText(row.inputShapes)] : []),
    ])
    const widths = head.map((title, i) =>
      Math.max(title.length, ...body.map((cells) => (cells[i] as string).length)),
    )
    const line = (cells: readonly string[]): string =>
      cells
        .map((cell, i) => {
          const width = widths[i] as number
          return head[i] === 'Name' || head[i] === 'Input Shapes'
            ? cell.padEnd(width)
            : cell.padStart(width)
        })
        .join('  ')
        .trimEnd()
    const rule = widths.map((width) => '-'.repeat(width)).join('  ')
    return [
      rule,
      line(head),
      rule,
      ...body.map((cells) => line(cells)),
      rule,
      `Self CPU time total: ${formatMicroseconds(total)}`,
    ].join('\n')
  }
}
