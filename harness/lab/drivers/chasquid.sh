#!/bin/sh
# chasquid: see lab/program.h for what these functions are.
