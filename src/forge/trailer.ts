/** Every commit that bugloop publishes carries this trailer with the run's id. */
export const runTrailer = 'Bugloop-Run';
