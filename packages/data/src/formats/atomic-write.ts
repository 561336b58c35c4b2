import { requireIterable } from '@flambeau/core/internal'
import { createHash, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { FileWriteError } from './errors.ts'
import { requireBytes, requirePath } from './arguments.ts'

const OP = 'writeFileAtomic'

/**
 * Writes `chunks`, one after the other, as the new contents of the file at `path`, all or nothing.
 *
 * The bytes go to a temporary file in the same folder, which is synced and then renamed over `path`;
 * the folder is synced last. A process killed at any moment, or a machine that loses power, leaves
 * the previous file whole or the new one whole. What a killed process leaves behind, the next save
 * to the same path removes. A symbolic link is followed; an existing file keeps its permissions.
 *
 * @throws {FileWriteError} if a system call fails (full disk, no permission, missing folder ...) or
 *   `path` is something else than a file. The temporary file is gone then. What `chunks` itself
 *   throws passes through unchanged, after the same clean-up.
 */
export function writeFileAtomic(path: string, chunks: Iterable<Uint8Array>): void {
  requirePath(OP, path)
  requireIterable(OP, 'chunks', chunks, 'a list of Uint8Array', '[Buffer.from(text)]')
  const target = followLinks(path)
  const folder = dirname(target)
  const existing = attempt(path, 'cannot look at it', () =>
    fs.statSync(target, { throwIfNoEntry: false }),
  )
  if (existing !== undefined && !existing.isFile()) throw notAFile(path, existing)

  const stem = temporaryStem(target)
  removeStale(folder, stem)
  const temporary = join(folder, `${stem}${process.pid}-${randomBytes(6).toString('hex')}.tmp`)
  try {
    writeSynced(path, temporary, existing?.mode, chunks)
    attempt(path, 'cannot put the finished file in its place', () =>
      fs.renameSync(temporary, target),
    )
  } catch (error) {
    removeQuietly(temporary)
    throw error
  }
  syncFolder(path, folder)
}

function writeSynced(
  path: string,
  temporary: string,
  mode: number | undefined,
  chunks: Iterable<Uint8Array>,
): void {
  const file = attempt(path, 'cannot create a temporary file beside it', () =>
    fs.openSync(temporary, 'wx', mode === undefined ? 0o666 : mode & 0o777),
  )
  try {
    for (const chunk of chunks) {
      requireBytes(OP, chunk)
      // One call may write less than it was given: the rest of a disk, or 2 GiB at most.
      for (let done = 0; done < chunk.byteLength;) {
        done += attempt(path, 'cannot write its new contents', () =>
          fs.writeSync(file, chunk, done, Math.min(chunk.byteLength - done, maxWriteBytes)),
        )
      }
    }
    attempt(path, 'cannot sync its new contents to the disk', () => {
      if (mode !== undefined) fs.fchmodSync(file, mode & 0o7777) // the umask took bits at creation
      fs.fsyncSync(file)
    })
  } finally {
    // Network file systems report a full disk only here.
    attempt(path, 'cannot close its new contents', () => fs.closeSync(file))
  }
}

const maxWriteBytes = 2 ** 30

/** The rename itself must survive a power cut: that is the folder's content, not the file's. */
function syncFolder(path: string, folder: string): void {
  try {
    const handle = fs.openSync(folder, 'r')
    try {
      fs.fsyncSync(handle)
    } finally {
      fs.closeSync(handle)
    }
  } catch (error) {
    // Some file systems and platforms cannot sync a folder, and some folders cannot be listed.
    if (['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES'].includes(errnoOf(error) ?? '')) return
    throw failure(path, 'the new file is in place, but its folder cannot be synced', error)
  }
}

/** Resolves links by hand, because the file at the end of them need not exist yet. */
function followLinks(path: string): string {
  let target = resolve(path)
  for (let links = 0; links < 40; links++) {
    let link: string
    try {
      link = fs.readlinkSync(target)
    } catch {
      return target // not a link, or nothing there; any other trouble shows when it is used
    }
    target = resolve(dirname(target), link)
  }
  throw new FileWriteError({
    path,
    reason: 'its symbolic links go round in a circle',
    errno: 'ELOOP',
    fix: 'remove the link, or save under another name',
  })
}

/** `.flambeau-<file>-<machine>-`: hashes, so that a long file name stays within the name limit. */
function temporaryStem(target: string): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
  return `.flambeau-${hash(basename(target)).slice(0, 12)}-${hash(hostname()).slice(0, 8)}-`
}

/**
 * Removes what killed processes left of earlier saves to the same file. A temporary file is stale if
 * the process named in it is gone; if it has this process's number but is older than this process;
 * or if nobody has written to it for an hour (process numbers get used again).
 */
function removeStale(folder: string, stem: string): void {
  let names: string[]
  try {
    names = fs.readdirSync(folder)
  } catch {
    return // a folder that cannot be listed may still be written to; if not, that error tells more
  }
  for (const name of names) {
    if (!name.startsWith(stem) || !name.endsWith('.tmp')) continue
    const pid = Number.parseInt(name.slice(stem.length), 10)
    const leftover = join(folder, name)
    const modifiedMs = fs.statSync(leftover, { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    const startedMs = Date.now() - process.uptime() * 1000
    const dead = pid === process.pid ? modifiedMs < startedMs : !isAlive(pid)
    if (dead || modifiedMs < Date.now() - staleAfterMs) removeQuietly(leftover)
  }
}

const staleAfterMs = 3_600_000

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0) // signal 0 only asks whether the process exists
    return true
  } catch (error) {
    return errnoOf(error) !== 'ESRCH'
  }
}

/** For clean-up: what cannot be removed now, the next save tries again. */
function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path)
  } catch {
    // gone already, or not ours to remove
  }
}

function attempt<T>(path: string, step: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw failure(path, step, error)
  }
}

function failure(path: string, step: string, cause: unknown): FileWriteError {
  const errno = errnoOf(cause)
  const why = cause instanceof Error ? cause.message : String(cause)
  return new FileWriteError(
    { path, reason: `${step} (${why})`, errno, fix: fixFor(errno, dirname(resolve(path))) },
    { cause },
  )
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function fixFor(errno: string | undefined, folder: string): string {
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `free space on the disk that holds ${folder}, or save to another disk`
    case 'EFBIG':
      return 'raise the limit on the size of a file (ulimit -f), or save to another file system'
    case 'EACCES':
    case 'EPERM':
      return `allow this user to write to ${folder}, or save elsewhere`
    case 'EROFS':
      return `${folder} is on a read-only file system: save elsewhere`
    case 'ENOENT':
      return `create the folder first: mkdir -p ${folder}`
    case 'ENOTDIR':
      return 'a part of the path is a file, not a folder: save elsewhere'
    case 'ENAMETOOLONG':
      return 'choose a shorter file name'
    case 'EMFILE':
    case 'ENFILE':
      return 'close files that are no longer needed, or raise the limit on open files (ulimit -n)'
    case 'EIO':
      return `the disk that holds ${folder} reports an error: save to another disk`
    default:
      return `check the path and the folder ${folder}, then save again`
  }
}

function notAFile(path: string, found: fs.Stats): FileWriteError {
  return found.isDirectory()
    ? new FileWriteError({
        path,
        reason: 'it is a folder',
        errno: 'EISDIR',
        fix: 'add a file name to the path',
      })
    : new FileWriteError({
        path,
        reason: 'it is not a regular file (a device, pipe or socket), which a save would replace',
        fix: 'choose the path of a regular file',
      })
}
