import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { program } from './command-line.ts'
import { groups, programs } from './programs.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const notes = read('../notes.md')

/** The rows of the tables below each heading. */
const sections = notes
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    heading: section.slice(0, section.indexOf('\n')),
    rows: section
      .split('\n')
      .filter((line) => /^\| *\d/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, block, about, name]) => ({ block, about, name: name as string })),
  }))

async function run(...args: string[]): Promise<string> {
  const said: string[] = []
  await program((text) => said.push(text)).parseAsync(['node', 'course', ...args])
  return said.join('\n')
}

test('every block of the notes has its program, without a gap', () => {
  const numbered = sections.filter(({ heading }) => heading.startsWith('Notes '))
  const counts = numbered.map(({ heading, rows }) => {
    const count = Number(/\((\d+) blocks\)/.exec(heading)?.[1])
    expect(rows.map(({ block }) => Number(block))).toEqual(
      [...Array(count).keys()].map((i) => i + 1),
    )
    return count
  })
  expect(counts).toEqual([6, 33, 4, 17, 6])
})

test('every program is of the notes, and every one that they name is there', () => {
  const named = new Set(sections.flatMap(({ rows }) => rows.map(({ name }) => name)))
  expect([...named].sort()).toEqual(Object.keys(programs).sort())
})

test('every file of a group is a program, or helps several', () => {
  const folders = readdirSync(new URL('.', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
  expect(folders).toHaveLength(groups.length)
  const files = folders.flatMap((folder) =>
    readdirSync(new URL(folder, import.meta.url))
      .filter((file) => file !== 'index.ts' && !file.endsWith('.test.ts'))
      .map((file) => file.replace('.ts', '')),
  )
  expect(files.filter((file) => !(file in programs))).toEqual(['car-pictures'])
  expect(Object.keys(programs).filter((name) => !files.includes(name))).toEqual([])
  const tests = folders.map((folder) => read(`${folder}/${folder}.test.ts`)).join('')
  expect(Object.keys(programs).filter((name) => !tests.includes(`await run('${name}')`))).toEqual(
    [],
  )
})

test('the README says of each program what its first comment does', () => {
  const readme = read('../README.md').replace(/ +/g, ' ')
  for (const name of Object.keys(programs)) {
    const path = /src\/[^)]*/.exec(readme.split(`[\`${name}\`](`)[1] ?? '')?.[0]
    expect([name, path]).toEqual([name, expect.any(String)])
    const comment = /^\/\*\*(.*?)\*\//s.exec(read(`../${path}`))?.[1] as string
    expect(readme).toContain(`(${path}) | ${comment.replace(/\s*\n \* /g, ' ').trim()} |`)
  }
})

test('the list has a line for each program, in groups', async () => {
  const said = await run()
  for (const { title } of groups) expect(said).toContain(`${title}\n`)
  for (const [name, { about }] of Object.entries(programs)) {
    expect(said).toMatch(new RegExp(`^  ${name} +${about.replace(/[()]/g, '\\$&')}$`, 'm'))
  }
  await expect(run('magic')).rejects.toThrow(/'magic' is invalid.*There is no such program/)
})
