/** Numbers of which the smallest comes first. */
export class NumberHeap {
  private readonly items: number[] = []

  push(value: number): void {
    const { items } = this
    let i = items.push(value) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if ((items[parent] as number) <= value) break
      items[i] = items[parent] as number
      i = parent
    }
    items[i] = value
  }

  /** -1 if there is none. */
  pop(): number {
    const { items } = this
    const top = items[0] ?? -1
    const last = items.pop()
    if (last === undefined || items.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= items.length) break
      if (child + 1 < items.length && (items[child + 1] as number) < (items[child] as number))
        child++
      if ((items[child] as number) >= last) break
      items[i] = items[child] as number
      i = child
    }
    items[i] = last
    return top
  }
}
