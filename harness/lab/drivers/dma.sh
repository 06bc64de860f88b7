#!/bin/sh
# dma: see lab/program.h for what these functions are.
