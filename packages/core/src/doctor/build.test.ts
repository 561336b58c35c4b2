import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { coreFolder } from '../native.ts'
import { build, buildCommands, findHeaders, readArguments } from './build.ts'

test('arguments', () => {
  expect(readArguments(['--jobs', '3', '-D', 'A=1', '-D', 'B=2'])).toEqual({
    onednn: 'system',
    jobs: 3,
    definitions: ['A=1', 'B=2'],
  })
  expect(readArguments(['--help'])).toBeNull()
  expect(() => readArguments(['--jobs', 'many'])).toThrow("not 'many'")
  expect(() => readArguments(['--onednn', '/nowhere'])).toThrow("'/nowhere' is not")
})

test('the commands name what they find', () => {
  const options = readArguments(['--jobs', '2', '-D', 'LAPACK_LIBRARY=/x.a'])!
  const [configure, compile] = buildCommands('/core', '/headers', options)
  expect(configure).toEqual(
    expect.arrayContaining([
      '/core/native',
      '-DNODE_API_HEADERS_DIR=/headers',
      '-DFLAMBEAU_ONEDNN=system',
      '-DLAPACK_LIBRARY=/x.a',
    ]),
  )
  expect(compile).toEqual(expect.arrayContaining(['--parallel', '2']))
})

test('the headers of Node are found', () => {
  const headers = findHeaders(['/', join(coreFolder, '..')])
  expect(headers).not.toBeNull()
  expect(existsSync(join(headers!, 'node_api.h'))).toBe(true)
})

test('help, and wrong arguments', () => {
  const said: string[] = []
  const complained: string[] = []
  const run = (...args: string[]): number =>
    build(
      args,
      (text) => said.push(text),
      (text) => complained.push(text),
    )
  expect(run('--help')).toBe(0)
  expect(said.join('')).toContain('apt-get install')
  expect(run('--fast')).toBe(2)
  expect(complained.join('')).toContain("Unknown option '--fast'")
})
