/** Frequent substrings of words, by a suffix array. */

/** A substring, and how often it is in all words. */
export type Counted = readonly [text: string, count: number]

/**
 * The substrings of two letters or more, up to `longest` UTF-16 units, that are there at least twice and
 * cannot be longer without being rarer.
 *
 * Suffixes are sorted by their first 1, 2, 4… units until `longest` are compared; neighbours then share
 * the beginnings that repeat.
 *
 * @see Manber and Myers 1993, https://doi.org/10.1137/0222058
 */
export function frequentSubstrings(words: readonly Counted[], longest: number): Counted[] {
  const total = words.reduce((sum, [word]) => sum + word.length + 1, 0)
  // Units with 1 added, 0 between words; the count of each unit's word; how far its word goes.
  const units = new Int32Array(total)
  const counts = new Float64Array(total)
  const room = new Int32Array(total)
  let at = 0
  for (const [word, count] of words) {
    for (let i = 0; i < word.length; i++, at++) {
      units[at] = word.charCodeAt(i) + 1
      counts[at] = count
      room[at] = word.length - i
    }
    at++
  }
  const order = sortedSuffixes(units, longest)
  const shared = (a: number, b: number): number => {
    const most = Math.min(longest, room[a] as number, room[b] as number)
    let length = 0
    while (length < most && units[a + length] === units[b + length]) length++
    return length
  }
  const textAt = (start: number, length: number): string => {
    const codes = units.subarray(start, start + length)
    return String.fromCharCode(...codes.map((unit) => unit - 1))
  }
  const found: Counted[] = []
  const add = (place: number, length: number, count: number): void => {
    if (length < 2 || count < 2) return
    const text = textAt(place, length)
    if (isWhole(text)) found.push([text, count])
  }
  // Beginnings that the suffixes so far share with the next one, ever longer, with their counts.
  const open: { readonly length: number; count: number }[] = []
  let before = 0
  for (let i = 0; i < total; i++) {
    const place = order[i] as number
    const next = i + 1 < total ? shared(place, order[i + 1] as number) : 0
    // A suffix that no other one begins with is there as often as its word.
    const whole = Math.min(longest, room[place] as number)
    if (whole > Math.max(before, next)) add(place, whole, counts[place] as number)
    before = next
    let count = counts[place] as number
    for (let top = open.at(-1); top !== undefined && top.length > next; top = open.at(-1)) {
      count += top.count
      add(place, top.length, count)
      open.pop()
    }
    const top = open.at(-1)
    if (top?.length === next) top.count += count
    else if (next > 0) open.push({ length: next, count })
  }
  return found
}

/** Begins and ends between letters, and has more than one. */
function isWhole(text: string): boolean {
  const first = text.charCodeAt(0) & 0xfc00
  const last = text.charCodeAt(text.length - 1) & 0xfc00
  return first !== 0xdc00 && last !== 0xd800 && !(text.length === 2 && first === 0xd800)
}

/** The places of suffixes, sorted by their first `longest` units (or a few more). */
function sortedSuffixes(units: Int32Array, longest: number): Int32Array {
  const total = units.length
  let order: Int32Array = Int32Array.from({ length: total }, (_, i) => i)
  let rank: Int32Array = units
  const largest = units.reduce((most, unit) => Math.max(most, unit), 0)
  order = sortedBy(order, (i) => rank[i] as number, largest)
  const renumber = (step: number): number => {
    const next = new Int32Array(total)
    const second = (i: number): number => (i + step < total ? (rank[i + step] as number) : -1)
    let number = 0
    for (let k = 1; k < total; k++) {
      const [a, b] = [order[k - 1] as number, order[k] as number]
      if (rank[a] !== rank[b] || (step > 0 && second(a) !== second(b))) number++
      next[b] = number
    }
    rank = next
    return number
  }
  let most = renumber(0)
  for (let step = 1; step < longest && most + 1 < total; step *= 2) {
    const second = (i: number): number => (i + step < total ? (rank[i + step] as number) + 1 : 0)
    order = sortedBy(order, second, most + 1)
    order = sortedBy(order, (i) => rank[i] as number, most)
    most = renumber(step)
  }
  return order
}

/** Counting sort, which keeps the order of equals. */
function sortedBy(order: Int32Array, key: (place: number) => number, largest: number): Int32Array {
  const begins = new Int32Array(largest + 2)
  for (const place of order) begins[key(place) + 1]!++
  for (let k = 1; k < begins.length; k++) begins[k]! += begins[k - 1] as number
  const sorted = new Int32Array(order.length)
  for (const place of order) sorted[begins[key(place)]!++] = place
  return sorted
}
