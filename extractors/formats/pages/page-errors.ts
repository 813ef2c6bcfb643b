/** What is wrong with a page, in words; where is the caller's business. */
export class DamagedPage extends Error {}

/** A page has what only the other decoder reads, and the footer did not say so. */
export class UnreadPage extends Error {}
