"""What every other room stands on: types, shapes, trees, errors. Nothing here knows of tensors."""
