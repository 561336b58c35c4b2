/** Tensors that go from one thread to another: their memory is shared, nothing is copied. */
import { DisposedError, ValueError } from './errors.ts'
import { native } from './native.ts'
import { currentScope } from './scope.ts'
import type { Tensor } from './tensor.ts'
import { liveId, wrap } from './tensor.ts'

/**
 * A way for tensors between threads. A sent tensor is a number, its ticket, that any message can
 * carry; until it is received, or the channel closes, the channel keeps it alive. Both threads then
 * have the same memory, and it is theirs to see that neither writes while the other reads.
 *
 * @internal
 */
export class Channel {
  /** Known to all threads of the process. */
  readonly number: number

  /** A new one, or the end in this thread of one that another thread opened. */
  constructor(number: number = native.openChannel()) {
    this.number = number
  }

  /**
   * The ticket of `tensor`.
   *
   * @throws {ValueError} if the tensor requires a gradient, which only its thread can compute.
   * @throws {NativeError} if the channel is closed.
   */
  send(tensor: Tensor): number {
    if (tensor._requiresGrad) {
      throw new ValueError(
        'send',
        { tensor },
        'a tensor that requires a gradient cannot go to another thread',
        'send tensor.detach()',
      )
    }
    return native.send(liveId('send', tensor), this.number)
  }

  /** Lets go of everything that was not received. Nothing can be sent any more. */
  close(): void {
    native.closeChannel(this.number)
  }
}

/**
 * The tensor of a ticket. With `keep`, the ticket is good for others too, until the channel closes.
 *
 * @throws {DisposedError} if the ticket was used up, or its channel is closed.
 * @internal
 */
export function receiveTensor(ticket: number, keep = false): Tensor {
  let id: number
  try {
    id = native.receive(ticket, keep ? 1 : 0)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_DISPOSED') throw error
    throw new DisposedError(
      'receive',
      [],
      'the tensor was received before, or its channel is closed',
      'receive each tensor once',
    )
  }
  return wrap(id, currentScope())
}
