/** Moving tensors between devices. */
import type { Device } from '../device.ts'
import { anyDevice, ordinalOf } from '../device.ts'
import { native } from '../native.ts'
import { defineOp, run } from '../op.ts'
import { liveId } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'

interface TransferParams {
  /** Ordinal of the device that the input was on. */
  from: number
}

const transferOp = defineOp<'input', TransferParams>('transfer', ['input'], {
  derivative: { input: (grad, _saved, { params }) => transferTo(grad, params.from) },
})

/**
 * A copy of `input` on the device with an ordinal, its axes in memory in the same order. @internal
 */
export function transferTo(input: Tensor, ordinal: number): Tensor {
  const from = anyDevice() ? native.deviceOf(liveId('to', input)) : 0
  return run(transferOp, [input], input._shape, input._dtype, [ordinal], { from })
}

/**
 * The tensor itself if it is on `device`, else a copy there. Differentiable: the gradient moves back.
 *
 * @internal
 * @throws {DeviceError} for a device that is not there.
 */
export function transferred(op: string, input: Tensor, device: Device | null | undefined): Tensor {
  if (device === undefined || device === null || device === 'cpu') {
    if (device !== 'cpu' || !anyDevice()) return input
  }
  const to = ordinalOf(op, device)
  return native.deviceOf(liveId(op, input)) === to ? input : transferTo(input, to)
}
