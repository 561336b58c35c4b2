/**
 * How changelogs are written: what users are told, and no lists of dependencies. All packages have one
 * version, so that each release brings all of them anew.
 */
module.exports = {
  /** @param {{ summary: string }} changeset */
  getReleaseLine({ summary }) {
    const [first, ...rest] = summary.trim().split('\n')
    return [`- ${first}`, ...rest.map((line) => `  ${line.trim()}`)].join('\n')
  },
  getDependencyReleaseLine: () => '',
}
