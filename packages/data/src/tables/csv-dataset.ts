import type { DType, Tensor } from '@flambeau/core'
import { getDefaultDtype, ValueError } from '@flambeau/core'
import { requireList, requireOptions, show } from '@flambeau/core/internal'
import { TensorDataset } from '../dataset-tensor.ts'
import type { WorkerRecipe } from '../dataset.ts'
import type { CsvOptions, Table } from './csv.ts'
import { readCsv } from './csv.ts'

/** What {@link CsvDataset} takes. */
export interface CsvDatasetOptions extends Omit<CsvOptions, 'columns'> {
  /** Columns of the features. Default: all that hold numbers and are no target. */
  features?: readonly string[]
  /** Dtype of the features. Default: the default floating dtype. */
  dtype?: DType
  /** Columns of the target, or null for none. A target of texts becomes classes. Default: none. */
  target?: string | readonly string[] | null
}

/**
 * Samples of a CSV or TSV file: each row gives its features and, if one is named, its target. The file is
 * read at once; worker threads share the tensors.
 *
 * Shapes: features `[F]`; the target of one column has no axis, of several `[T]`. In batches `[N, F]` and
 * `[N]` or `[N, T]`.
 *
 * @throws {TableError, FormatError, ValueError} as {@link readCsv} does.
 *
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs'
 * import { CsvDataset, DataLoader } from '@flambeau/data'
 * writeFileSync('iris.csv', 'length,width,kind\n5.1,3.5,setosa\n6.3,3.3,virginica\n4.9,3,setosa\n')
 * const data = new CsvDataset('iris.csv', { target: 'kind' })
 * console.log(data.length, data.featureNames, data.classes)
 * // => 3 [ 'length', 'width' ] [ 'setosa', 'virginica' ]
 * for await (const [x, y] of new DataLoader(data, { batchSize: 3 })) {
 *   console.log(x!.shape, y!.tolist()) // => [ 3, 2 ] [ 0, 1, 0 ]
 * }
 * ```
 */
export class CsvDataset extends TensorDataset<Tensor[]> {
  readonly table: Table
  readonly featureNames: readonly string[]
  readonly targetNames: readonly string[]
  /** What the numbers of the target stand for, if it is one column of texts; else null. */
  readonly classes: readonly string[] | null

  constructor(path: string, options: CsvDatasetOptions = {}) {
    requireOptions('CsvDataset', options)
    const { features, dtype = getDefaultDtype(), target = null, ...others } = options
    if (target !== null && typeof target !== 'string') {
      requireList('CsvDataset', 'target', target, 'a name or a list of names')
    }
    if (features !== undefined) {
      requireList('CsvDataset', 'features', features, 'a list of names')
    }
    const targets = target === null ? [] : typeof target === 'string' ? [target] : [...target]
    let table = readCsv(path, others)
    const missing = [...targets, ...(features ?? [])].find((name) => !table.columns.includes(name))
    if (missing !== undefined) {
      throw new ValueError(
        'CsvDataset',
        [],
        `there is no column ${show(missing)}`,
        `the columns are ${table.columns.slice(0, 12).join(', ')}`,
      )
    }
    const words = targets.filter((name) => table.dtype(name) === 'string')
    if (words.length > 0) {
      const dtypes = typeof others.dtypes === 'object' ? others.dtypes : {}
      const categories = Object.fromEntries(words.map((name) => [name, 'category' as const]))
      table = readCsv(path, { ...others, dtypes: { ...dtypes, ...categories } })
    }
    const names =
      features ??
      table.columns.filter((name) => !targets.includes(name) && table.dtype(name) !== 'string')
    const tensors = [table.tensor(names, { dtype })]
    if (targets.length === 1) tensors.push(table.tensor(targets[0] ?? []))
    else if (targets.length > 1) tensors.push(table.tensor(targets))
    super(...tensors)
    this.table = table
    this.featureNames = names
    this.targetNames = targets
    this.classes =
      words.length === 1 && targets.length === 1 ? table.classes(words[0] as string) : null
  }

  override toWorker(): WorkerRecipe {
    return new TensorDataset(...this.tensors).toWorker()
  }
}
