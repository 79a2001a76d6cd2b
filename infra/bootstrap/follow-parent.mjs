/** Preloaded into a task: when the bootstrap that started it is killed, the task is asked to end in order. */
if (process.channel !== undefined) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  // The channel is only there to notice that end; it must not keep the task alive.
  process.channel.unref()
}
