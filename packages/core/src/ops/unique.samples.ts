import type { Sample } from '../testing/samples.ts'
import { samplesFor, withLayout } from '../testing/samples.ts'
import { Tensor } from '../tensor.ts'
import type { UniqueOptions, Uniques } from './unique.ts'
import { unique, uniqueConsecutive } from './unique.ts'

const all: UniqueOptions = { returnInverse: true, returnCounts: true }
const list = (found: Uniques): readonly Tensor[] => (found instanceof Tensor ? [found] : [...found])

function golden(op: 'unique' | 'uniqueConsecutive', name: string, run: Sample['run']): Sample {
  const key = name === 'alone' ? op : `${op}/${name}`
  return { name, golden: `counting:${key}`, run, gradcheck: false }
}

const of = (options: UniqueOptions) => (x: Tensor) =>
  list(unique(x, options.sorted ?? true, { ...options, sorted: undefined }))
const ofRuns = (options: UniqueOptions) => (x: Tensor) =>
  list(
    uniqueConsecutive(x, options.returnInverse ?? false, { ...options, returnInverse: undefined }),
  )

samplesFor('unique', [
  golden('unique', 'alone', (x: Tensor) => unique(x)),
  golden('unique', 'all', of(all)),
  golden('unique', 'inverse', of({ returnInverse: true })),
  golden('unique', 'counts', of({ returnCounts: true, sorted: false })),
  golden('unique', 'NaN', of(all)),
  golden('unique', 'without axes', of(all)),
  golden('unique', 'empty', of(all)),
  golden('unique', 'no rows', of({ ...all, dim: 0 })),
  {
    name: 'by name, transposed',
    golden: 'counting:unique/all',
    run: (x: Tensor) => {
      const found = unique(withLayout(x, 'transposed'), { returnInverse: true, returnCounts: true })
      return [found.output, found.inverseIndices, found.counts]
    },
  },
  {
    name: 'by position',
    golden: 'counting:unique/inverse',
    run: (x: Tensor) => list(x.unique(true, true, false, null)),
  },
  {
    name: 'slices of nothing',
    inputs: [[2, 0]],
    run: (x: Tensor) => unique(x, { dim: 0 }),
    throws: /axis 1 has no elements by which slices along axis 0 could differ/,
  },
  {
    name: 'slices of a tensor without axes',
    inputs: [[]],
    run: (x: Tensor) => unique(x, { dim: 0 }),
    throws: /the tensor has no axes/,
  },
  {
    name: 'a name that is no option',
    inputs: [[2]],
    run: (x: Tensor) => unique(x, { returnIndex: true } as never),
    throws: /there is no option 'returnIndex'/,
  },
])

samplesFor('sortRows', [
  golden('unique', 'rows', of({ ...all, dim: 0 })),
  golden('unique', 'columns', of({ ...all, dim: -1 })),
  golden('unique', 'planes', of({ ...all, dim: 1 })),
  golden('unique', 'rows with NaN', of({ ...all, dim: 0 })),
  {
    name: 'of columns, sliced',
    golden: 'counting:unique/columns',
    run: (x: Tensor) => list(unique(withLayout(x, 'sliced'), { ...all, dim: 1 })),
  },
])

samplesFor('uniqueConsecutive', [
  golden('uniqueConsecutive', 'alone', (x: Tensor) => uniqueConsecutive(x)),
  golden('uniqueConsecutive', 'all', ofRuns(all)),
  golden('uniqueConsecutive', 'inverse', ofRuns({ returnInverse: true })),
  golden('uniqueConsecutive', 'rows', ofRuns({ ...all, dim: 0 })),
  golden('uniqueConsecutive', 'empty', ofRuns(all)),
  {
    name: 'counts, by name',
    golden: 'counting:uniqueConsecutive/all',
    run: (x: Tensor) => {
      const { output, counts } = x.uniqueConsecutive({ returnCounts: true })
      return [output, x.uniqueConsecutive({ returnInverse: true }).inverseIndices, counts]
    },
  },
])
