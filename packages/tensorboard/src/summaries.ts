/** Values as the summaries of event files. */
import { Tensor, ValueError } from '@flambeau/core'
import { requireList } from '@flambeau/core/internal'
import type { HParamsData as HParams, JsonValue, SummaryValue, TensorProto } from './messages.ts'
import { DT, HParamsData } from './messages.ts'

const utf8 = new TextEncoder()

/** A number, or a tensor of one. */
export type ScalarValue = number | bigint | boolean | Tensor

/** The number in a value. @throws {ValueError} if it is not one. */
export function numberOf(op: string, value: ScalarValue): number {
  if (value instanceof Tensor) {
    if (value.numel() === 1) return Number(value.item())
    throw new ValueError(op, { value }, 'a scalar is one number', 'take its mean()')
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return Number(value)
  }
  throw new ValueError(op, [], `${typeof value} is no number`, 'give a number, or a tensor of one')
}

/** A tensor for the plug-in of a name. */
export function tensorValue(
  tag: string,
  tensor: TensorProto,
  pluginName: string,
  dataClass: number,
): SummaryValue {
  return { tag, tensor, metadata: { pluginData: { pluginName }, dataClass } }
}

/** A text. */
export function textValue(tag: string, text: string): SummaryValue {
  const tensor: TensorProto = {
    dtype: DT.string,
    tensorShape: { dim: [{ size: 1 }] },
    stringVal: [utf8.encode(text)],
  }
  return tensorValue(`${tag}/text_summary`, tensor, 'text', 2)
}

/** A hyper-parameter. */
export type Hparam = number | string | boolean | Tensor

function jsonValue(value: Hparam): JsonValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return { numberValue: numberOf('addHparams', value) }
}

const types = { string: 1, boolean: 2, number: 3, object: 3 } as const

/** What the plug-in `hparams` reads: the experiment, the start and the end of a session. */
export function hparamsValues(
  hparams: Readonly<Record<string, Hparam>>,
  metrics: Readonly<Record<string, unknown>>,
  domains: Readonly<Record<string, readonly Hparam[]>>,
): SummaryValue[] {
  const hparamInfos = Object.entries(hparams).map(([name, value]) => {
    const type = types[typeof value as keyof typeof types]
    if (type === undefined) {
      const rule = `${name} is a ${typeof value}`
      throw new ValueError(
        'addHparams',
        [],
        rule,
        'hyper-parameters are numbers, texts or booleans',
      )
    }
    const domain = domains[name]
    if (domain === undefined) return { name, type }
    requireList('addHparams', `hparamDomainDiscrete.${name}`, domain)
    return { name, type, domainDiscrete: { values: domain.map(jsonValue) } }
  })
  const metricInfos = Object.keys(metrics).map((tag) => ({ name: { tag } }))
  const now = Date.now() / 1000
  const entries = Object.entries(hparams).map(([key, value]) => ({ key, value: jsonValue(value) }))
  const of = (tag: string, data: HParams): SummaryValue => {
    const content = HParamsData.encode({ version: 0, ...data })
    return { tag, metadata: { pluginData: { pluginName: 'hparams', content } } }
  }
  return [
    of('_hparams_/experiment', { experiment: { hparamInfos, metricInfos } }),
    of('_hparams_/session_start_info', {
      sessionStartInfo: { hparams: entries, startTimeSecs: now },
    }),
    of('_hparams_/session_end_info', { sessionEndInfo: { status: 1, endTimeSecs: now } }),
  ]
}
