/** Ctrl-C: the first asks the loop to stop after its step, the second ends the process. */

/** Watches for Ctrl-C until it is disposed. */
export interface Interrupts extends Disposable {
  readonly asked: boolean
}

/** Begins to watch. @param tell Called at the first Ctrl-C. */
export function watchInterrupts(tell: () => void): Interrupts {
  let asked = false
  const onSignal = (): void => {
    if (asked) {
      process.removeListener('SIGINT', onSignal)
      process.kill(process.pid, 'SIGINT')
      return
    }
    asked = true
    tell()
  }
  process.on('SIGINT', onSignal)
  return {
    get asked() {
      return asked
    },
    [Symbol.dispose]() {
      process.removeListener('SIGINT', onSignal)
    },
  }
}
