/** Message sizes in bytes that every mechanism is measured at where its interface allows. 1024 is the survey's. */
export const sizes = [8, 64, 416, 1024, 4096, 16384, 65536] as const;
