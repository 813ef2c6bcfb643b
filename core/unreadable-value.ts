/** A value that a source holds and a cell cannot; its row is rejected. */
export class UnreadableValue extends Error {}
