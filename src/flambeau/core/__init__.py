"""What every other room stands on: data types, shapes, trees, errors. Nothing here knows of tensors."""
