import { setDefaultDevice, getDefaultDevice } from './device.ts'
import type { DType } from './dtype.ts'
import {
  DTYPES,
  getDefaultDtype,
  promoteTypes,
  setDefaultDtype,
  setDefaultTensorType,
} from './dtype.ts'
import { arange, ones, tensor, zeros } from './index.ts'
import { setPrintoptions } from './print-options.ts'
import {
  getDevice,
  isFloatingPoint,
  isNonzero,
  isSameSize,
  isSigned,
  isTensor,
  numel,
  resultType,
} from './queries.ts'
import type { Tensor } from './tensor.ts'
import { samplesFor } from './testing/samples.ts'
import { canCast } from './type-info.ts'

const numbers = (values: readonly (number | boolean)[]): Tensor =>
  tensor(values.map(Number), { dtype: 'int64' })
const text = (value: string): Tensor => numbers(Array.from(value, (c) => c.charCodeAt(0)))
const code = (dtype: DType): number => DTYPES.indexOf(dtype)

/** A question about a tensor of each dtype. */
function ofEachDtype(name: string, ...questions: ((x: Tensor) => number | boolean)[]): void {
  samplesFor(
    name,
    questions.map((question, i) => ({
      name: i === 0 ? 'of each dtype, as a method' : 'of each dtype, as a function',
      golden: `queries:${name}`,
      run: () => numbers(DTYPES.map((dtype) => question(ones([2, 3], { dtype })))),
    })),
  )
}

/** A question about tensors of several shapes and layouts. */
function ofLayouts(
  name: string,
  ...questions: ((x: Tensor) => readonly (number | boolean)[])[]
): void {
  samplesFor(
    name,
    questions.map((question, i) => ({
      name: i === 0 ? 'of several layouts, as a method' : 'of several layouts, as a function',
      golden: `queries:${name}`,
      run: () => {
        const x = zeros([2, 3, 4])
        const part = x.select(0, 1).slice(1, 0, null, 2)
        return numbers(
          [x, x.transpose(0, 2), part, zeros([]), zeros([2, 0])].flatMap((t) => question(t)),
        )
      },
    })),
  )
}

/** The answer to a question that has nothing to do with a tensor. */
function once(name: string, golden: string, run: () => Tensor): void {
  samplesFor(name, [{ name: 'what PyTorch says', golden: `queries:${golden}`, run }])
}

ofEachDtype('elementSize', (x) => x.elementSize())
ofEachDtype('itemsize', (x) => x.itemsize)
ofEachDtype('nbytes', (x) => x.nbytes)
ofEachDtype('isFloatingPoint', (x) => x.isFloatingPoint(), isFloatingPoint)
ofEachDtype('isSigned', (x) => x.isSigned(), isSigned)
ofEachDtype('dtype', (x) => code(x.dtype))
once('isNonzero', 'isNonzero', () =>
  numbers([0, 1, -2.5, true, false].map((v) => isNonzero(tensor([[v]])))),
)
once('isTensor', 'isTensor', () => numbers([ones([1]), 1, [ones([1])], null].map(isTensor)))
once('isSameSize', 'isSameSize', () =>
  numbers(
    [
      [
        [2, 3],
        [2, 3],
      ],
      [
        [2, 3],
        [3, 2],
      ],
      [[1, 2], [2]],
      [[], []],
    ].map(([a, b]) => isSameSize(ones(a as number[]), ones(b as number[]))),
  ),
)

const axes = (x: Tensor): number[] => x.shape.map((_, i) => i - x.ndim)
ofLayouts('size', (x) => [...x.size(), ...axes(x).map((d) => x.size(d))])
ofLayouts('shape', (x) => x.shape)
ofLayouts('stride', (x) => [...x.stride(), ...axes(x).map((d) => x.stride(d))])
ofLayouts('isContiguous', (x) => [x.isContiguous()])
ofLayouts('dim', (x) => [x.dim()])
ofLayouts('ndim', (x) => [x.ndim])
ofLayouts('ndimension', (x) => [x.ndimension()])
ofLayouts(
  'numel',
  (x) => [x.numel()],
  (x) => [numel(x)],
)
ofLayouts('nelement', (x) => [x.nelement()])
ofLayouts(
  'getDevice',
  (x) => [x.getDevice()],
  (x) => [getDevice(x)],
)
ofLayouts('isCpu', (x) => [x.isCpu])
once('device', 'device', () => text(ones([1]).device))
once('getDefaultDevice', 'getDefaultDevice', () => text(String(getDefaultDevice())))
once('setDefaultDevice', 'getDefaultDevice', () => {
  setDefaultDevice('cpu')
  return text(String(getDefaultDevice()))
})
once('tolist', 'tolist', () => text(JSON.stringify(arange(6).reshape(2, 3).tolist())))

const pairs = DTYPES.flatMap((a) => DTYPES.map((b): [DType, DType] => [a, b]))
once('canCast', 'canCast', () => numbers(pairs.map(([a, b]) => canCast(a, b))))
once('promoteTypes', 'promoteTypes', () => numbers(pairs.map(([a, b]) => code(promoteTypes(a, b)))))
once('resultType', 'resultType', () =>
  numbers(
    DTYPES.flatMap((dtype) =>
      [true, 2, 2.5, ...DTYPES.map((other) => tensor(1, { dtype: other }))].map((b) =>
        code(resultType(ones([1], { dtype }), b)),
      ),
    ),
  ),
)

/** Dtypes of what is made while other dtypes are the default. */
function defaults(setDefault: (dtype: DType) => void): Tensor {
  const dtypes: DType[] = []
  try {
    for (const dtype of ['float16', 'bfloat16', 'float64', 'float32'] as const) {
      setDefault(dtype)
      dtypes.push(getDefaultDtype(), tensor(0.5).dtype)
      dtypes.push(tensor([1, 2]).div(2).dtype, zeros([1]).dtype)
    }
  } finally {
    setDefaultDtype('float32')
  }
  return numbers(dtypes.map(code))
}

const TYPES: Partial<Record<DType, string>> = {
  float16: 'torch.HalfTensor',
  bfloat16: 'torch.BFloat16Tensor',
  float64: 'torch.DoubleTensor',
  float32: 'torch.FloatTensor',
}
for (const name of ['getDefaultDtype', 'setDefaultDtype']) {
  once(name, 'defaultDtype', () => defaults(setDefaultDtype))
}
once('setDefaultTensorType', 'defaultTensorType', () =>
  defaults((dtype) => setDefaultTensorType(TYPES[dtype] as string)),
)

once('setPrintoptions', 'setPrintoptions', () => {
  const x = tensor([1.23456789, 1000.5, -0.001])
  const texts: string[] = []
  try {
    for (const options of [
      { precision: 2 },
      { threshold: 2, edgeitems: 1 },
      { linewidth: 20 },
      { sciMode: true },
      { profile: 'short' as const },
      { profile: 'full' as const },
    ]) {
      setPrintoptions({ profile: 'default' })
      setPrintoptions(options)
      texts.push(String(x))
    }
  } finally {
    setPrintoptions({ profile: 'default' })
  }
  return text(texts.join('\n'))
})

samplesFor('to', [
  { name: 'a dtype', golden: 'queries:to', run: (x: Tensor) => x.to('float64') },
  {
    name: 'the dtype of another tensor',
    golden: 'queries:to/other',
    run: (x: Tensor) => x.to(ones([1], { dtype: 'float64' })),
  },
  {
    name: 'a device and a dtype',
    golden: 'queries:to/integer',
    run: (x: Tensor) => x.to('cpu', 'int8'),
    gradcheck: false,
  },
  {
    name: 'a device that is not there',
    inputs: [[2]],
    run: (x: Tensor) => x.to('cuda'),
    throws: /to: there is no device "cuda"/,
  },
  {
    name: 'a device that is none',
    inputs: [[2]],
    run: (x: Tensor) => x.to('float8'),
    throws: /"float8" is not a dtype/,
  },
  {
    name: 'nothing',
    inputs: [[2]],
    run: (x: Tensor) => x.to(undefined as unknown as 'float32'),
    throws: /to: nothing to convert to is given/,
  },
])
samplesFor('typeAs', [
  {
    name: 'float64',
    golden: 'queries:typeAs',
    run: (x: Tensor) => x.typeAs(ones([1], { dtype: 'float64' })),
  },
])
samplesFor('cpu', [{ name: 'is where it is', golden: 'queries:cpu', run: (x: Tensor) => x.cpu() }])
for (const name of [
  'half',
  'bfloat16',
  'float',
  'double',
  'long',
  'int',
  'short',
  'char',
  'byte',
  'bool',
] as const) {
  samplesFor(name, [
    {
      name: 'a method',
      golden: `queries:${name}`,
      run: (x: Tensor) => x[name](),
      gradcheck: name === 'double',
    },
  ])
}
