import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlambeauError } from '@flambeau/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeFileAtomic } from './atomic-write.ts'
import { FileWriteError } from './errors.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'flambeau-atomic-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true })
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (path: string): string => fs.readFileSync(path, 'utf8')

function errorOf(call: () => void): FileWriteError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(FileWriteError)
    expect(error).toBeInstanceOf(FlambeauError)
    return error as FileWriteError
  }
  throw new Error('the call did not throw')
}

/** A program for another process: `code` runs with `write`, `fs` and `target` in scope. */
function program(code: string, target: string): string[] {
  const from = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  const prelude = [
    `import * as fs from 'node:fs'`,
    `const { writeFileAtomic: write } = await import(${from('./atomic-write.ts')})`,
    `const target = ${JSON.stringify(target)}`,
  ]
  return ['--import', 'tsx', '--input-type=module', '-e', [...prelude, code].join('\n')]
}

describe('a save', () => {
  test('writes the chunks one after the other and leaves nothing beside the file', () => {
    const path = join(folder, 'a.bin')
    writeFileAtomic(path, [bytes('one '), new Uint8Array(0), bytes('two')])
    expect(read(path)).toBe('one two')
    writeFileAtomic(path, [])
    expect(read(path)).toBe('')
    expect(fs.readdirSync(folder)).toEqual(['a.bin'])
  })

  test('keeps the permissions of the file it replaces', () => {
    const path = join(folder, 'a.bin')
    fs.writeFileSync(path, 'old')
    fs.chmodSync(path, 0o664)
    writeFileAtomic(path, [bytes('new')])
    expect(fs.statSync(path).mode & 0o777).toBe(0o664)
  })

  test('follows a symbolic link, also to a file that is not there yet', () => {
    fs.mkdirSync(join(folder, 'disk'))
    const link = join(folder, 'link')
    fs.symlinkSync('disk/real.bin', link)
    writeFileAtomic(link, [bytes('first')])
    writeFileAtomic(link, [bytes('second')])
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true)
    expect(read(join(folder, 'disk', 'real.bin'))).toBe('second')
  })

  test('takes a file name as long as the system allows', () => {
    const path = join(folder, 'n'.repeat(255))
    writeFileAtomic(path, [bytes('long')])
    expect(read(path)).toBe('long')
  })
})

describe('a save that fails', () => {
  test('says which folder is missing and how to make it', () => {
    const error = errorOf(() => writeFileAtomic(join(folder, 'no', 'a.bin'), [bytes('x')]))
    expect(error.errno).toBe('ENOENT')
    expect(error.message).toMatch(
      /^writeFileAtomic: cannot create a temporary file beside it \(ENO/,
    )
    expect(error.message).toContain(`\n  file: ${join(folder, 'no', 'a.bin')}\n`)
    expect(error.message).toContain(`\n  fix: create the folder first: mkdir -p ${folder}/no`)
  })

  test('refuses a folder, a device, a file used as a folder, a circle of links', () => {
    expect(errorOf(() => writeFileAtomic(folder, [])).errno).toBe('EISDIR')
    expect(errorOf(() => writeFileAtomic('/dev/full', [])).reason).toMatch(/not a regular file/)
    fs.writeFileSync(join(folder, 'file'), '')
    const inside = errorOf(() => writeFileAtomic(join(folder, 'file', 'a.bin'), []))
    expect(inside.errno).toBe('ENOTDIR')
    fs.symlinkSync('b', join(folder, 'a'))
    fs.symlinkSync('a', join(folder, 'b'))
    expect(errorOf(() => writeFileAtomic(join(folder, 'a'), [])).errno).toBe('ELOOP')
    const long = errorOf(() => writeFileAtomic(join(folder, 'n'.repeat(256)), []))
    expect(long.errno).toBe('ENAMETOOLONG')
  })

  test('keeps the old file and removes its own when the chunks throw', () => {
    const path = join(folder, 'a.bin')
    writeFileAtomic(path, [bytes('old')])
    const failing = function* (): Iterable<Uint8Array> {
      yield bytes('new')
      throw new RangeError('no more tensors')
    }
    expect(() => writeFileAtomic(path, failing())).toThrow(new RangeError('no more tensors'))
    expect(read(path)).toBe('old')
    expect(fs.readdirSync(folder)).toEqual(['a.bin'])
  })

  test('keeps the old file and removes its own when the disk takes no more', () => {
    const path = join(folder, 'a.bin')
    writeFileAtomic(path, [bytes('old')])
    // `ulimit -f` counts 512-byte or 1-KiB blocks: 64 of them are less than the 256 KiB written.
    const code = `try { write(target, [new Uint8Array(1024), new Uint8Array(2 ** 18)]) }
      catch (error) { console.log(JSON.stringify({ ...error, message: error.message })) }`
    const run = spawnSync(
      'sh',
      ['-c', 'ulimit -f 64; exec "$0" "$@"', process.execPath, ...program(code, path)],
      { encoding: 'utf8', cwd: import.meta.dirname },
    )
    const error = JSON.parse(run.stdout) as FileWriteError
    expect(error).toMatchObject({ name: 'FileWriteError', errno: 'EFBIG', path })
    expect(error.message).toContain('cannot write its new contents (EFBIG: file too large')
    expect(error.message).toContain('fix: raise the limit on the size of a file (ulimit -f)')
    expect(read(path)).toBe('old')
    expect(fs.readdirSync(folder)).toEqual(['a.bin'])
  })

  test('names the folder that may not be written to', () => {
    const path = join(folder, 'a.bin')
    fs.chmodSync(folder, 0o555)
    // Root may write anywhere, so root drops its rights once the module is loaded.
    const code = `if (process.getuid() === 0) process.setuid(65534)
      try { write(target, [new Uint8Array(1)]) }
      catch (error) { console.log(JSON.stringify({ ...error, message: error.message })) }`
    const run = spawnSync(process.execPath, program(code, path), {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    })
    fs.chmodSync(folder, 0o755)
    const error = JSON.parse(run.stdout) as FileWriteError
    expect(error.errno).toBe('EACCES')
    expect(error.message).toContain(`fix: allow this user to write to ${folder}`)
  })
})

describe('a process killed in the middle of a save', () => {
  test('leaves the old file whole; the next save removes what it left, and only that', () => {
    const path = join(folder, 'a.bin')
    writeFileAtomic(path, [bytes('old')])
    writeFileAtomic(join(folder, 'b.bin'), [bytes('other')])
    for (const target of [path, join(folder, 'b.bin')]) {
      const code = `write(target, (function* () {
        yield new Uint8Array(4096)
        process.kill(process.pid, 'SIGKILL')
        yield new Uint8Array(4096)
      })())`
      const run = spawnSync(process.execPath, program(code, target), { cwd: import.meta.dirname })
      expect(run.signal).toBe('SIGKILL')
    }
    expect(read(path)).toBe('old')
    expect(fs.readdirSync(folder)).toHaveLength(4)
    writeFileAtomic(path, [bytes('new')])
    expect(read(path)).toBe('new')
    expect(fs.readdirSync(folder)).toHaveLength(3) // the leftover of b.bin is for b.bin's next save
    writeFileAtomic(join(folder, 'b.bin'), [bytes('other')])
    expect(fs.readdirSync(folder)).toEqual(['a.bin', 'b.bin'])
  })

  test('is told from a process that is still writing, even by its own number', () => {
    const path = join(folder, 'a.bin')
    let running = ''
    const chunks = function* (): Iterable<Uint8Array> {
      running = fs.readdirSync(folder)[0] ?? ''
      const earlier = join(folder, running.replace(/-[0-9a-f]{12}\.tmp$/, '-000000000000.tmp'))
      const abandoned = join(folder, running.replace(/-\d+-[0-9a-f]{12}\.tmp$/, '-1-00.tmp'))
      fs.writeFileSync(earlier, 'a process of this number, before this one started')
      fs.utimesSync(earlier, 0, Date.now() / 1000 - process.uptime() - 1)
      fs.writeFileSync(abandoned, 'process 1 is alive, but has not written for two hours')
      fs.utimesSync(abandoned, 0, Date.now() / 1000 - 7200)
      writeFileAtomic(path, [bytes('inner')])
      expect(fs.readdirSync(folder).toSorted()).toEqual([running, 'a.bin'].toSorted())
      yield bytes('outer')
    }
    writeFileAtomic(path, chunks())
    expect(read(path)).toBe('outer')
    expect(fs.readdirSync(folder)).toEqual(['a.bin'])
  })

  test('leaves a whole file at any of 24 random moments', { timeout: 180_000 }, async () => {
    const path = join(folder, 'a.bin')
    // Every byte of a file holds the same value, and its length follows from the value.
    const code = `for (let save = 0; ; save++) {
        const value = save % 251
        const part = new Uint8Array(50_000 + value * 100).fill(value)
        write(target, [part, part, part])
        if (save === 0) console.log('saved')
      }`
    let interrupted = 0
    for (let round = 0; round < 24; round++) {
      const child: ChildProcess = spawn(process.execPath, program(code, path), {
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: import.meta.dirname,
      })
      await once(child.stdout!, 'data')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 25))
      child.kill('SIGKILL')
      await once(child, 'exit')
      const saved = fs.readFileSync(path)
      const value = saved[0]!
      expect(saved.every((byte) => byte === value)).toBe(true)
      expect(saved.length).toBe(3 * (50_000 + value * 100))
      const names = fs.readdirSync(folder)
      expect(names.length).toBeLessThanOrEqual(2) // each child removed what the one before it left
      interrupted += names.length - 1
    }
    writeFileAtomic(path, [bytes('end')])
    expect(fs.readdirSync(folder)).toEqual(['a.bin'])
    expect(interrupted).toBeGreaterThan(0) // or no kill came while a save was under way
  })
})
