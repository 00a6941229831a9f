#!/bin/sh
#SBATCH --job-name=kgrade-lab-02
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --requeue
# COHORT and RESULTS are on a disk that all nodes see: sbatch --export=ALL,COHORT=…,RESULTS=… slurm.sh
# Afterwards: kgrade merge --out "$RESULTS/all" "$RESULTS"/part-*
exec kgrade batch lab-02 "$COHORT" --out "$RESULTS/part-$SLURM_ARRAY_TASK_ID" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --resume
