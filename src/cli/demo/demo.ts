export const demo = async (_options: unknown) => 0
