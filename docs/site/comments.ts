/** Doc comments as Markdown. */

/** Where a name of the reference stands, as a link; null where there is no such name. */
export type FindName = (name: string) => string | null

/** A doc comment as Markdown: tags become sentences, links lead through the site. */
export function markdownOf(doc: string, find: FindName): string {
  const [body = '', ...rest] = doc.split(
    /(?:^|\s)(?=@(?:example|see|throws|param|returns|template)\b)/,
  )
  const parts = [prose(body, find)]
  const parameters: string[] = []
  const see: string[] = []
  for (const tag of rest) {
    const [, kind = '', text = ''] = tag.match(/^@(\w+)\s*([\s\S]*)$/) ?? []
    if (kind === 'example') parts.push(text.trim())
    else if (kind === 'see') see.push(seen(text.trim(), find))
    else if (kind === 'returns') parts.push(`**Returns** ${prose(text, find)}`)
    else if (kind === 'throws') {
      parts.push(`**Throws** ${prose(text.replace(/^\{(\w+)\}/, '`$1`'), find)}`)
    } else if (kind === 'param') {
      const [, name = '', about = ''] = text.match(/^(\S+)\s*-?\s*([\s\S]*)$/) ?? []
      parameters.push(`- \`${name}\`: ${prose(about, find)}`)
    }
  }
  if (parameters.length > 0) parts.splice(1, 0, parameters.join('\n'))
  if (see.length > 0) parts.push(`**See** ${see.join(', ')}`)
  return parts.filter((part) => part !== '').join('\n\n')
}

/** The first sentence of a comment, for lists. */
export function firstSentence(doc: string, find: FindName): string {
  const [body = ''] = doc.split(/(?:^|\s)@(?:example|see|throws|param|returns)\b|\n\s*\n/)
  const flat = body.replaceAll(/\s+/g, ' ').trim()
  return prose(flat.match(/^.*?[.!?](?= [A-Z`]|$)/)?.[0] ?? flat, find)
}

/** The names of PyTorch that a comment refers to. */
export function torchNames(doc: string): string[] {
  const see = [...doc.matchAll(/@see ([^@]*)/g)].map((match) => match[1] ?? '').join(' ')
  return [...see.matchAll(/\btorch(?:vision)?\.[\w.]*\w/g)].map((match) => match[0])
}

function seen(text: string, find: FindName): string {
  if (/^https?:\S+$/.test(text)) return `<${text}>`
  if (/^torch(vision)?\.[\w.]+$/.test(text)) return `PyTorch’s \`${text}\``
  return prose(text, find)
}

/** Text outside of code: what would be taken for HTML or for a template is escaped. */
function prose(text: string, find: FindName): string {
  return text
    .trim()
    .split(/(```[\s\S]*?```|`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : escaped(linked(part, find))))
    .join('')
}

function linked(text: string, find: FindName): string {
  return text.replaceAll(
    /\{@link ([^\s}|]+)(?:[ |]([^}]*))?\}/g,
    (_all, name: string, label?: string) => {
      const target = /^https?:/.test(name) ? name : find(name)
      const shown = label?.trim() || `\`${name}\``
      return target === null ? shown : `[${shown}](${target})`
    },
  )
}

function escaped(text: string): string {
  return text
    .replaceAll(/<(?!https?:)/g, '&lt;')
    .replaceAll('{{', '&#123;&#123;')
    .replaceAll(/(?<=\w)\*(?=\w)|(?<= )\*(?= )/g, '\\*')
}
