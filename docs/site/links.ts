/** Links between files of the repository, as links between pages of the site. */
import { existsSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path/posix'

/** A link from one page of the site to another. */
export function linkBetween(from: string, to: string): string {
  const path = relative(dirname(from), to)
  return path.startsWith('.') ? path : `./${path}`
}

export interface LinkContext {
  /** The repository, absolute. */
  readonly root: string
  /** Pages by file of the repository. */
  readonly pages: ReadonlyMap<string, string>
  /** Takes note of a picture; returns its place below the site. */
  readonly picture: (path: string) => string
}

/**
 * Makes the links of a file fit its page. Links to files that are no pages (sources, licences) become
 * their text. A link to what is not in the repository at all is an error.
 */
export function rewriteLinks(
  text: string,
  from: string,
  page: string,
  { root, pages, picture }: LinkContext,
): string {
  return text
    .split(/(^ *```[\s\S]*?^ *```)/m)
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part.replaceAll(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, rewrite),
    )
    .join('')

  function rewrite(whole: string, bang: string, label: string, target: string): string {
    const shown = bang ? label : label.replaceAll(/(!)\[([^\]]*)\]\(([^()\s]+)\)/g, rewrite)
    if (/^(https?:|mailto:|#)/.test(target)) return whole
    const [path = '', anchor] = target.split('#')
    const file = normalize(join(dirname(from), path)).replace(/\/$/, '')
    if (!existsSync(join(root, file))) throw new Error(`${from}: nothing at ${target}`)
    if (bang) return `![${shown}](${linkBetween(page, picture(file))})`
    const to = pages.get(file) ?? pages.get(`${file}/README.md`)
    if (to === undefined) return shown
    return `[${shown}](${linkBetween(page, to)}${anchor === undefined ? '' : `#${anchor}`})`
  }
}
