import { zeros, zerosLike } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import type { AdamStepOptions, SgdStepOptions, StepRule } from './optim.ts'
import { adamStep, optimStep, sgdStep, unscaleAll, zeroAll } from './optim.ts'

const SGD: Omit<SgdStepOptions, 'first'> = {
  lr: 0.1,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
}
const ADAM: Omit<AdamStepOptions, 'step'> = {
  lr: 0.1,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  decoupled: false,
  amsgrad: false,
  maximize: false,
}

/** The parameter after three steps whose gradients are g, 2g and -g. */
function steps(
  p: Tensor,
  g: Tensor,
  step: (param: Tensor, grad: Tensor, state: Tensor[], count: number) => void,
): Tensor {
  const param = p.clone()
  const state = [zerosLike(p), zerosLike(p), zerosLike(p)]
  ;[1, 2, -1].forEach((factor, i) => step(param, g.mul(factor), state, i + 1))
  return param
}

// Steps change their operands: there is nothing to differentiate.
function sgdSample(name: string, options: Partial<SgdStepOptions>): Sample {
  return {
    name,
    golden: `optim:${name}`,
    gradcheck: false,
    run: (p: Tensor, g: Tensor) =>
      steps(p, g, (param, grad, [buffer], count) =>
        sgdStep([param], [grad], [buffer as Tensor], { ...SGD, ...options, first: count === 1 }),
      ),
  }
}

function adamSample(name: string, options: Partial<AdamStepOptions>): Sample {
  return {
    name,
    golden: `optim:${name}`,
    gradcheck: false,
    run: (p: Tensor, g: Tensor) =>
      steps(p, g, (param, grad, [mean, square, largest], step) =>
        adamStep([param], [grad], [mean as Tensor], [square as Tensor], [largest as Tensor], {
          ...ADAM,
          ...options,
          step,
        }),
      ),
  }
}

samplesFor('sgdStep', [
  sgdSample('sgd', {}),
  sgdSample('sgd momentum', { momentum: 0.9, dampening: 0.2, weightDecay: 0.01 }),
  sgdSample('sgd nesterov', { momentum: 0.9, nesterov: true, maximize: true }),
  {
    name: 'parameters of two dtypes and orders, and none',
    inputs: [
      { shape: [2, 3], layout: 'transposed' },
      { shape: [2, 3] },
      { shape: [4], dtype: 'float64' },
    ],
    run: (a: Tensor, g: Tensor, b: Tensor) => {
      const params = [a.clone(), b.clone()]
      sgdStep(params, [g, b], [], { ...SGD, first: true })
      sgdStep([], [], [], { ...SGD, first: true })
      return params
    },
    gradcheck: false,
  },
])

samplesFor('adamStep', [
  adamSample('adam', {}),
  adamSample('adam amsgrad', { betas: [0.8, 0.9], weightDecay: 0.1, amsgrad: true }),
  adamSample('adamw', { weightDecay: 0.1, decoupled: true, eps: 1e-4, maximize: true }),
])

/** `numbers` follow the gradient's factor and the weight decay; `starts` are those of the state. */
function ruleSample(
  rule: StepRule,
  decay: number,
  starts: readonly number[],
  numbers: (count: number) => readonly number[],
  factor = 1,
): Sample {
  return {
    name: rule,
    golden: `optim:${rule}`,
    gradcheck: false,
    run: (p: Tensor, g: Tensor) => {
      const state = starts.map((start) => zerosLike(p).add(start))
      return steps(p, g, (param, grad, _state, count) => {
        const roles = [[param], [grad], ...state.map((one) => [one])]
        optimStep(rule, roles, [factor, decay, ...numbers(count)])
      })
    },
  }
}

/** A running mean of g, 2g and -g. */
function averageSample(name: string, weight: number): Sample {
  return {
    name,
    golden: `optim:${name}`,
    gradcheck: false,
    run: (p: Tensor, g: Tensor) =>
      steps(p, g, (param, value) => optimStep('average', [[param], [value]], [1, 0, weight])),
  }
}

samplesFor('optimStep', [
  ruleSample('rmsprop', 0.1, [0, 0, 0], () => [0.1, 0.99, 1e-8, 0.5, 1]),
  ruleSample('adagrad', 0, [0], () => [0.1, 1e-4], -1),
  ruleSample('adadelta', 0, [0, 0], () => [0.5, 0.8, 1e-4]),
  ruleSample('adamax', 0.1, [0, 0], (count) => [0.1 / (1 - 0.8 ** count), 0.8, 0.9, 1e-8]),
  ruleSample('asgd', 0, [0], () => [0.1, 1 - 0.01, 1]),
  ruleSample('rprop', 0, [0, 0.1], () => [0.5, 1.2, 1e-6, 50]),
  averageSample('average', 0.25),
  averageSample('average of the other side', 0.75),
  {
    name: 'wrong numbers',
    inputs: [[3], [3], [3]],
    gradcheck: false,
    run: (p: Tensor, g: Tensor, s: Tensor) => {
      optimStep('adagrad', [[p], [g], [s]], [1, 0])
      return p
    },
    throws: /optimStep/,
  },
])

function unscaled(...tensors: Tensor[]): Tensor[] {
  const grads = tensors.map((one) => one.clone())
  const found = zeros([])
  unscaleAll(grads, 0.5, found)
  return [...grads, found]
}

samplesFor('unscaleAll', [
  ...['unscale', 'unscale infinite', 'unscale nan'].map((name) => ({
    name,
    golden: `optim:${name}`,
    gradcheck: false,
    run: unscaled,
  })),
  {
    name: 'two dtypes, gaps, and none',
    inputs: [
      { shape: [2, 3], layout: 'sliced' },
      { shape: [4], dtype: 'float64' },
      { shape: [0], dtype: 'float64' },
    ],
    gradcheck: false,
    run: (a: Tensor, b: Tensor, c: Tensor) => {
      unscaleAll([], 2, zeros([]))
      return [...unscaled(a, b, c), ...unscaled(a.slice(1, 0, 3, 2).expand([2, 2]), b)]
    },
  },
])

samplesFor('zeroAll', [
  {
    name: 'tensors of several dtypes',
    inputs: [[2, 3], { shape: [4], dtype: 'int64' }, [0]],
    run: (...tensors: Tensor[]) => {
      const copies = tensors.map((one) => one.clone())
      zeroAll(copies)
      return copies
    },
    gradcheck: false,
  },
])
